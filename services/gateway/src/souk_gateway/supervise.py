"""Runs Envoy, has a new descriptor set brought to it, and lets it end in order.

Run as a script by `souk_gateway.proxy`; needs nothing but the standard library.

Envoy ends at once on SIGTERM, and the calls that it carries with it. So it isn't told at once: first it fails its
readiness and asks its clients to go elsewhere, then it may finish what they still send, and then it is ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import time
from dataclasses import dataclass

State = list[int] | None

INTERVAL = 1.0
"""How often the file is looked at. A kubelet brings a new ConfigMap once a minute: nobody waits for this."""
QUIET = 1.0
"""How long nothing must have come in before Envoy is ended: time for the news that we are going to reach everybody."""
PATIENCE = 20.0
"""When it is ended whatever still runs. Every manifest allows thirty seconds."""
_BETWEEN_LOOKS = 0.1
# Probes count as requests of clients, but reach no backend.
_COUNTS = re.compile(
    r"^(http\.gateway\.downstream_rq_active|cluster\.(?!admin).+\.upstream_rq_total): (\d+)", re.MULTILINE
)
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


@dataclass(frozen=True)
class Supervised:
    """Envoy, and what is done for it."""

    admin_host: str
    admin_port: int
    directory: str
    """Its configuration; goes with it."""
    watched: str
    """The file that it serves, a descriptor set."""
    state: State
    """Of that file when it was read."""
    refresh: list[str]
    """What brings the file to Envoy when it is another."""
    envoy: list[str]


def main(arguments: list[str]) -> int:
    """Runs what the first argument describes, in JSON; returns the exit code."""
    supervised = Supervised(**json.loads(arguments[0]))
    # Blocked, they wait for sigtimedwait: none is lost, and nothing runs at an awkward moment.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    envoy = _started(supervised.envoy)
    try:
        return _see_through(envoy, supervised)
    finally:
        shutil.rmtree(supervised.directory, ignore_errors=True)


def state_of(path: str | os.PathLike[str]) -> State:
    """Another one when a file was written to, replaced, or is found by another link; None if there is none."""
    try:
        found = os.stat(path)
    except OSError:
        return None
    return [found.st_dev, found.st_ino, found.st_mtime_ns, found.st_size]


def _see_through(envoy: subprocess.Popen[bytes], supervised: Supervised) -> int:
    state, refresh = supervised.state, None
    while True:
        received = signal.sigtimedwait(_SIGNALS, INTERVAL)
        if envoy.poll() is not None:
            return envoy.returncode
        if received is not None and received.si_signo != signal.SIGCHLD:
            drain(envoy, supervised.admin_host, supervised.admin_port)
            envoy.terminate()
            envoy.wait()
            return 0
        if refresh is None or refresh.poll() is not None:  # one after the other
            now = state_of(supervised.watched)
            if now is not None and now != state:
                state, refresh = now, _started(supervised.refresh)


def _started(command: list[str]) -> subprocess.Popen[bytes]:
    libc = ctypes.CDLL(None)

    def in_child() -> None:
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    return subprocess.Popen(command, preexec_fn=in_child)  # noqa: PLW1509 there are no threads


def drain(envoy: subprocess.Popen[bytes], host: str, port: int) -> None:
    """Returns when Envoy has nothing more to do, or has had time enough."""
    try:
        ask(host, port, "POST", "/healthcheck/fail")
        patient_until = time.monotonic() + PATIENCE
        before, quiet_since = [("", "")], time.monotonic()
        while envoy.poll() is None and time.monotonic() < patient_until:
            now = _COUNTS.findall(ask(host, port, "GET", "/stats?filter=rq_"))
            if now != before or ("http.gateway.downstream_rq_active", "0") not in now:
                before, quiet_since = now, time.monotonic()
            elif time.monotonic() - quiet_since >= QUIET:
                return
            time.sleep(_BETWEEN_LOOKS)
    except OSError as error:
        # It hasn't come up, or is going already: then nobody is served by it.
        print(f"not drained: {error!r}", file=sys.stderr)


def ask(host: str, port: int, method: str, path: str) -> str:
    """Calls one of Envoy's admin pages and returns all that comes back."""
    with socket.create_connection((host, port), timeout=2) as connection:
        connection.sendall(f"{method} {path} HTTP/1.1\r\nhost: admin\r\nconnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
