"""A load that runs beside an experiment, in a process of its own: what an experiment computes must not slow it."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path
from types import TracebackType

from souk_mesh.state import StateDir

from souk_canary.load.report import Report

# A process that imports its libraries on a busy machine, and makes the first requests.
READY_WITHIN = 60.0
ENDS_WITHIN = 5.0


class LoadError(Exception):
    """The load can't be made; the text says why."""


class Generator:
    """Makes requests as long as the block runs; ends with this process, too, however that ends."""

    def __init__(self, requests: Path, *, rate: float, state: StateDir) -> None:
        self._arguments = ["--home", str(state.root), "--requests", str(requests), "--rate", str(rate)]
        self._process: subprocess.Popen[str] | None = None
        self._report: Report | None = None
        self._reader = threading.Thread(target=self._listen, name="load", daemon=True)
        self._heard = threading.Event()
        """It has said something, or will never."""

    def __enter__(self) -> Generator:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Begins; returns when requests are on their way.

        Raises:
            LoadError: the requests can't be made as they are described.
        """
        # It ends when its input does, which is when we are no more. Ctrl-C is for us, who end it in our time.
        self._process = subprocess.Popen(
            [sys.executable, "-m", "souk_canary.load", *self._arguments],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
            start_new_session=True,
        )
        self._reader.start()
        self._heard.wait(READY_WITHIN)
        if self._report is None:
            self._process.kill()
            assert self._process.stderr is not None
            said = self._process.stderr.read().strip()
            self.stop()
            raise LoadError(said or f"the load did not begin within {READY_WITHIN:.0f} s")

    @property
    def report(self) -> Report:
        """What was done so far, up to a second ago.

        Raises:
            LoadError: it has ended by itself.
        """
        if self._process is not None and self._process.poll() is not None:
            assert self._process.stderr is not None
            raise LoadError(f"the load has ended by itself: {self._process.stderr.read().strip()}")
        return self._report or Report(seconds=0, sent=0)

    def stop(self) -> None:
        """Ends it. What is on its way is given up."""
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None
        process.stdin.close()
        try:
            process.wait(ENDS_WITHIN)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._reader.join()
        for pipe in (process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()

    def _listen(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._report = Report.model_validate_json(line)
            self._heard.set()
        self._heard.set()
