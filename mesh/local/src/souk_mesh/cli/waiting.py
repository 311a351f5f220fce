"""Waits until the mesh is as its objects ask, and shows how far it is."""

from __future__ import annotations

import sys
import time

from souk_mesh.cli.context import ask
from souk_mesh.cli.failures import Failed
from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient
from souk_mesh.control.messages import Nothing, PodTrouble, ProgressReply

# A look costs both processes 2 ms; half of this is what a person waits too long.
LOOK_EVERY = 0.05
# The fifth run of a program follows the fourth after 4 s; one that has failed so often will not recover by itself.
HOPELESS_AFTER = 5


def wait(client: ControlClient, timeout: float) -> None:
    """Returns when every pod is ready and every proxy has acknowledged.

    Raises:
        Failed: it took longer than `timeout`, or a program keeps crashing; with the last lines of what is not ready.
    """
    deadline = time.monotonic() + timeout
    shown = ""
    while True:
        progress = ask(client, methods.PROGRESS, Nothing())
        if not progress.waiting_for:
            _show("", shown)
            return
        if progress.hopeless:
            _show("", shown)
            raise Failed(f"a Job has failed\n{_explain(progress)}")
        if any(each.restarts >= HOPELESS_AFTER for each in progress.troubles):
            _show("", shown)
            raise Failed(f"a program keeps crashing\n{_explain(progress)}")
        if time.monotonic() > deadline:
            _show("", shown)
            raise Failed(f"not everything was ready after {timeout:g} s\n{_explain(progress)}")
        shown = _show(f"{progress.ready} of {progress.pods} pods ready; {progress.waiting_for[0]}", shown)
        time.sleep(LOOK_EVERY)


def describe(trouble: PodTrouble) -> str:
    """Why a container is not ready, with its last lines."""
    head = f"  {trouble.pod}, container {trouble.container}: {trouble.reason or trouble.phase}"
    if trouble.restarts:
        head += f", {trouble.restarts} restarts"
    return "\n".join([head, *(f"    | {line}" for line in trouble.last_lines)])


def _explain(progress: ProgressReply) -> str:
    lines = [f"  {each}" for each in progress.waiting_for]
    return "\n".join([*lines, *map(describe, progress.troubles), "  `souk status` and `souk logs POD` say more"])


def _show(text: str, before: str) -> str:
    """Shows progress on one line of a terminal; elsewhere, nothing: a log should hold results."""
    if sys.stderr.isatty() and text != before:
        sys.stderr.write(f"\r\x1b[K{text}")
        sys.stderr.flush()
    return text
