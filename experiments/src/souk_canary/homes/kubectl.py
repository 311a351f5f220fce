"""kubectl, run as a program: whatever kubeconfig and login plug-in it has been given work here too."""

from __future__ import annotations

import json
import re
import subprocess
from typing import Any

from souk_canary.homes import Changed, HomeError, Unreachable

# What the API server is given to answer. A request that takes longer is as good as none: the guards count in seconds.
PATIENCE = 5
_SAID_BY_SERVER = re.compile(r"^Error from server \((?P<reason>\w+)\): (?P<text>.*)", re.MULTILINE | re.DOTALL)
# Reasons of the API server that pass by themselves.
_PASSING = {"ServiceUnavailable", "Timeout", "ServerTimeout", "TooManyRequests", "InternalError"}
# The server answered, and did not know who asks: to ask again won't help.
_UNKNOWN = "must be logged in"


class Kubectl:
    """Runs kubectl in one of its contexts; None is the current one."""

    def __init__(self, context: str | None = None) -> None:
        self._command = ["kubectl", *(["--context", context] if context else [])]

    def run(self, *arguments: str, text: str | None = None) -> str:
        """What a command prints.

        Raises:
            Changed: the object is not the one that was read.
            Unreachable: nothing answers, or not in time.
            HomeError: it was refused; the text is the API server's.
        """
        command = [*self._command, f"--request-timeout={PATIENCE}s", *arguments]
        try:
            # kubectl asks several times before it gives up: for what the server has, then for the object.
            done = subprocess.run(
                command, input=text, capture_output=True, text=True, check=False, timeout=3 * PATIENCE
            )
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
    answer = _SAID_BY_SERVER.search(said)
    if answer is None:
        # Lines before the last are of its log: each try to find out what the server has.
        last = said.strip().rpartition("\n")[2] or "it failed without a word"
        ended = f"`{command}`: {last}"
        return HomeError(ended) if last.startswith("error: ") and not _unanswered(last) else Unreachable(ended)
    text = f"`{command}`: {' '.join(answer['text'].split())}"
    if answer["reason"] == "Conflict":
        return Changed(text)
    return Unreachable(text) if answer["reason"] in _PASSING else HomeError(text)


def _unanswered(line: str) -> bool:
    return _UNKNOWN not in line and any(
        sign in line for sign in ("dial tcp", "timeout", "EOF", "connection refused", "deadline exceeded")
    )


def _shown(arguments: tuple[str, ...]) -> str:
    words = [argument if len(argument) < 80 else "…" for argument in arguments]
    return f"kubectl {' '.join(words)}"
