"""Runs stock kustomize: in the background, since whoever needs what it builds has something else to do meanwhile.

Imports next to nothing: a command starts it before it loads what it will read the result with.
"""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

BUILD_SECONDS = 60
"""A build takes a fifth of a second; one that takes this long waits for something far away."""


class Unbuildable(Exception):
    """There is nothing to read; the notes say what to do."""

    def __init__(self, subject: Path, message: str, *notes: str) -> None:
        self.subject = str(subject)
        self.message = message
        self.notes = notes
        super().__init__("\n  ".join((f"{subject}: {message}", *notes)))


@dataclass(frozen=True)
class Building:
    """A build that goes on."""

    directory: Path
    process: subprocess.Popen[str]

    def text(self) -> str:
        """What was built, as soon as it is there.

        Raises:
            Unbuildable: when kustomize refuses or takes too long.
        """
        try:
            built, said = self.process.communicate(timeout=BUILD_SECONDS)
        except subprocess.TimeoutExpired:
            self.give_up()
            message = f"kustomize was not done after {BUILD_SECONDS} s"
            raise Unbuildable(self.directory, message, "does it name a remote resource?") from None
        if self.process.returncode != 0:
            lines = said.removeprefix("Error: ").splitlines()
            raise Unbuildable(self.directory, "kustomize can't build it", *(each for each in lines if each.strip()))
        return built

    def give_up(self) -> None:
        """Ends it, if it still goes on: nobody wants the result."""
        if self.process.returncode is None:
            self.process.kill()
            self.process.communicate()


def start(directory: Path, kustomize: Path) -> Building:
    """Begins to build a kustomization.

    Raises:
        Unbuildable: when the program or the directory is missing.
    """
    if not directory.is_dir():
        raise Unbuildable(directory, "is no directory; name one that holds a kustomization.yaml")
    try:
        # Its load restrictor stays on: what builds here must build anywhere.
        process = subprocess.Popen(
            [kustomize, "build", directory], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
    except OSError as failure:
        raise Unbuildable(kustomize, f"can't be run: {failure.strerror}", "`make env` builds it") from None
    return Building(directory, process)
