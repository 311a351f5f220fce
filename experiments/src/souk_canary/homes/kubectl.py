"""kubectl, run as a program: whatever kubeconfig and login plug-in it has been given work here too."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from souk_canary.homes import Changed, HomeError, Unreachable

# What the API server is given to answer. A request that takes longer is as good as none: the guards count in seconds.
PATIENCE = 5
_SAID_BY_SERVER = re.compile(r"^Error from server \((?P<reason>\w+)\): ", re.MULTILINE)
# Reasons of the API server that pass by themselves.
_PASSING = {"ServiceUnavailable", "Timeout", "ServerTimeout", "TooManyRequests", "InternalError"}
_OF_ITS_LOG = re.compile(r"^[EIW]\d{4} ")
# Its words for a server that does not answer, and the server's for a store of its own that doesn't.
_NO_ANSWER = (
    "Unable to connect to the server",
    "The connection to the server",
    "Error from server: ",
    "dial tcp",
    "timeout",
    "EOF",
    "connection refused",
    "deadline exceeded",
)


class Kubectl:
    """Runs kubectl in one of its contexts; None is the current one."""

    def __init__(self, context: str | None = None) -> None:
        self._command = ["kubectl", *(["--context", context] if context else [])]

    def run(self, *arguments: str) -> str:
        """What a command prints.

        Raises:
            Changed: the object is not the one that was read.
            Unreachable: nothing answers, or not in time.
            HomeError: it was refused; the text is the API server's.
        """
        command = [*self._command, f"--request-timeout={PATIENCE}s", *arguments]
        try:
            # kubectl asks several times before it gives up: for what the server has, then for the object.
            done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=3 * PATIENCE)
        except FileNotFoundError as error:
            raise HomeError(
                "kubectl is not on the PATH\n  it is what a cluster is spoken to with: install it"
            ) from error
        except subprocess.TimeoutExpired as error:
            raise Unreachable(f"`{_shown(arguments)}` had no answer in {3 * PATIENCE} s") from error
        if done.returncode:
            raise trouble(_shown(arguments), done.stderr)
        return done.stdout

    def read(self, *arguments: str) -> Any:  # noqa: ANN401 (JSON)
        """The object or list that a command prints.

        Raises:
            HomeError: as `run` does, or kubectl prints something else.
        """
        printed = self.run(*arguments, "-o", "json")
        try:
            return json.loads(printed)
        except json.JSONDecodeError as error:
            raise HomeError(f"`{_shown(arguments)}` printed no JSON: {printed[:200]!r}") from error


def trouble(command: str, said: str) -> HomeError:
    """What kubectl's complaint means."""
    # Its log comes first, of each try to find out what the server has: `E1127 19:02:11.031 4242 memcache.go:265] …`
    lines = [line for line in said.strip().splitlines() if not _OF_ITS_LOG.match(line)]
    text = f"`{command}`: {' '.join(' '.join(lines).split()) or 'it failed without a word'}"
    answer = _SAID_BY_SERVER.search(said)
    if answer is not None and answer["reason"] == "Conflict":
        return Changed(text)
    if answer is not None:
        return Unreachable(text) if answer["reason"] in _PASSING else HomeError(text)
    return Unreachable(text) if not lines or any(sign in lines[-1] for sign in _NO_ANSWER) else HomeError(text)


def _shown(arguments: tuple[str, ...]) -> str:
    words = [argument if len(argument) < 80 else "…" for argument in arguments]
    return f"kubectl {' '.join(words)}"
