"""Runs Envoy and lets it end in order. Run as a script by `souk_gateway.proxy`; needs nothing but the standard library.

Envoy ends at once on SIGTERM, and the calls that it carries with it. So it isn't told at once: first it fails its
readiness and asks its clients to go elsewhere, then it may finish what they still send, and then it is ended.
"""

from __future__ import annotations

import ctypes
import os
import re
import signal
import socket
import subprocess
import sys
import time

QUIET = 1.0
"""How long nothing must have come in before Envoy is ended: time for the news that we are going to reach everybody."""
PATIENCE = 20.0
"""When it is ended whatever still runs. Every manifest allows thirty seconds."""
_INTERVAL = 0.1
# Probes count as requests of clients, but reach no backend.
_COUNTS = re.compile(
    r"^(http\.gateway\.downstream_rq_active|cluster\.(?!admin).+\.upstream_rq_total): (\d+)", re.MULTILINE
)
_SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGCHLD)
_DIE_WITH_PARENT = 1  # PR_SET_PDEATHSIG of prctl(2)


def main(arguments: list[str]) -> int:
    """Runs a command, given the address of Envoy's admin pages and its configuration file; returns the exit code."""
    host, port, configuration, *command = arguments
    libc = ctypes.CDLL(None)

    def in_child() -> None:
        libc.prctl(_DIE_WITH_PARENT, signal.SIGKILL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, _SIGNALS)

    # Blocked, they wait for sigwait: none is lost, and nothing runs at an awkward moment.
    signal.pthread_sigmask(signal.SIG_BLOCK, _SIGNALS)
    envoy = subprocess.Popen(command, preexec_fn=in_child)  # noqa: PLW1509 there are no threads
    try:
        return _see_through(envoy, host, int(port))
    finally:
        os.unlink(configuration)


def _see_through(envoy: subprocess.Popen[bytes], host: str, port: int) -> int:
    while True:
        received = signal.sigwait(_SIGNALS)
        if envoy.poll() is not None:
            return envoy.returncode
        if received != signal.SIGCHLD:
            drain(envoy, host, port)
            envoy.terminate()
            envoy.wait()
            return 0


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
            time.sleep(_INTERVAL)
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
