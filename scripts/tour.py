"""Runs the README's tour: each command as printed there.

Each `#>` line must be found in what the command before it said.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
README = ROOT / "README.md"
PRINTED_PORT = "8080"
# A command waits for one order at the most, whose own deadline is 10 s.
PATIENCE_SECONDS = 60


@dataclass(frozen=True)
class Stop:
    """One command of the tour, and what must be seen there."""

    command: str
    seen: tuple[str, ...]


def main() -> int:
    """Walks the tour against the shop on `PORT`; returns the exit code."""
    port = os.environ.get("PORT", PRINTED_PORT)
    for stop in stops(README.read_text(), "Tour"):
        command = stop.command.replace(f"localhost:{PRINTED_PORT}", f"localhost:{port}")
        print(f"$ {command}", flush=True)
        said = run(command)
        print(said, flush=True)
        for expected in stop.seen:
            if expected not in said:
                print(f"error: README.md promises `{expected}` here", file=sys.stderr)
                return 1
    return 0


def stops(text: str, heading: str) -> Iterator[Stop]:
    """The commands in the `sh` blocks under a heading of the second level."""
    tour = text.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    for block in re.findall(r"^```sh\n(.*?)^```$", tour, flags=re.MULTILINE | re.DOTALL):
        command: list[str] = []
        seen: list[str] = []
        for line in block.replace("\\\n", " ").splitlines():
            if line.startswith("#> "):
                seen.append(line.removeprefix("#> "))
            elif line.strip():
                if command:
                    yield Stop(command.pop(), tuple(seen))
                command, seen = [line], []
        if command:
            yield Stop(command.pop(), tuple(seen))


def run(command: str) -> str:
    """What a command says, to both of its outputs.

    Raises:
        SystemExit: it failed, or took too long.
    """
    try:
        done = subprocess.run(
            ["sh", "-c", command],
            cwd=ROOT,
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=PATIENCE_SECONDS,
        )
    except subprocess.TimeoutExpired:
        raise SystemExit(
            f"error: `{command}` took longer than {PATIENCE_SECONDS} s\n  is the shop up? `make status`"
        ) from None
    if done.returncode:
        raise SystemExit(
            f"{done.stdout}\nerror: `{command}` ended with {done.returncode}\n  is the shop up? `make status`"
        )
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main())
