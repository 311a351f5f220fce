"""A stall as a process of its own, as a pod runs it. For tests only."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

_SECONDS = 30


@dataclass(frozen=True)
class Program:
    """A stall that serves."""

    process: subprocess.Popen[str]
    serving: dict[str, object]
    """The line that it logged when its ports were open: `service`, `port`, `health_port`, `metrics_port`, …"""

    @property
    def address(self) -> str:
        """Where it takes calls."""
        return f"127.0.0.1:{self.serving['port']}"

    def kill(self) -> None:
        """Ends it as a crash would."""
        self.process.kill()

    def stop(self) -> str:
        """Ends it as Kubernetes does, and gives what it has logged meanwhile."""
        self.process.send_signal(signal.SIGTERM)
        logged, _ = self.process.communicate(timeout=_SECONDS)
        assert self.process.returncode == 0, f"it ended with {self.process.returncode}; it said:\n{logged}"
        return logged


@contextmanager
def program(package: str, **environment: str) -> Iterator[Program]:
    """Starts `python -m package` on free ports and waits until they are open; kills it at the end."""
    command = [sys.executable, "-m", package]
    with subprocess.Popen(command, env=_environment(environment), stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            lines = (json.loads(line) for line in process.stdout)
            serving = next((line for line in lines if line["event"] == "serving"), None)
            assert serving, f"{package} ended with {process.wait(_SECONDS)} before it served"
            yield Program(process, serving)
        finally:
            process.kill()


def completed(package: str, *arguments: str, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Runs `python -m package …` to its end."""
    command = [sys.executable, "-m", package, *arguments]
    return subprocess.run(
        command, env=_environment(environment), check=False, timeout=_SECONDS, capture_output=True, text=True
    )


def _environment(ours: dict[str, str]) -> dict[str, str]:
    ports = dict.fromkeys(("GRPC_PORT", "HEALTH_PORT", "METRICS_PORT"), "0")
    return {**os.environ, **ports, "LISTEN_HOST": "127.0.0.1", **ours}
