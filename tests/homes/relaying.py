"""Reaches hosts from within a pod of a cluster: a relay in the pod, and kubectl's forwarding to it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO

from tests.homes import Place
from tests.homes.kubectl import NAMESPACE

RELAY = (Path(__file__).parent / "relay.py").read_text()


@contextmanager
def relayed(pod: str, container: str, hosts: Sequence[str]) -> Iterator[Mapping[str, Place]]:
    """Each host as a container of a pod reaches it."""
    command = [
        *("kubectl", "--namespace", NAMESPACE, "exec", "--stdin", pod, "--container", container, "--"),
        *("python", "-c", RELAY, *hosts),
    ]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as relay:
        assert relay.stdin is not None
        try:
            ports = [int(_line(relay.stdout, f"the relay in {pod}")) for _ in hosts]
            with forwarded(pod, ports) as addresses:
                yield {host: Place(address, host) for host, address in zip(hosts, addresses, strict=True)}
        finally:
            relay.stdin.close()


@contextmanager
def forwarded(pod: str, ports: Sequence[int]) -> Iterator[Sequence[str]]:
    """An address on this machine for each port of a pod's own 127.0.0.1, in the same order."""
    command = ["kubectl", "--namespace", NAMESPACE, "port-forward", f"pod/{pod}", *(f":{port}" for port in ports)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as forwarding:
        try:
            found: dict[int, str] = {}
            while len(found) < len(ports):
                # Forwarding from 127.0.0.1:40123 -> 7000, and perhaps once more from [::1]
                here, _, there = _line(forwarding.stdout, f"forwarding to {pod}").partition(" -> ")
                if "127.0.0.1" in here:
                    found[int(there)] = here.rpartition(" ")[2]
            yield [found[port] for port in ports]
        finally:
            forwarding.terminate()


def _line(output: IO[str] | None, what: str) -> str:
    assert output is not None
    line = output.readline()
    assert line, f"{what} ended before it said where it listens"
    return line
