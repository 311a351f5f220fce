"""A process outside the mesh: what a pod without a sidecar is to the mesh's pods, on this machine."""

from __future__ import annotations

import os
import socket
import subprocess
import time
import tomllib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from behaviour.homes import Unfit
from behaviour.homes.control import EchoControl

STARTING = 20.0


@contextmanager
def outsider(world: Path, host: str) -> Iterator[EchoControl]:
    """Runs the program that the pods run, on an address of its own."""
    control = EchoControl(host)
    process = subprocess.Popen(
        _command(world), cwd=world, env={**os.environ, "LISTEN_HOST": host}, stdin=subprocess.DEVNULL
    )
    try:
        _await(control)
        yield control
    finally:
        process.terminate()
        process.wait()


def _command(world: Path) -> list[str]:
    image, *_ = tomllib.loads((world / "images.toml").read_text())["image"]
    return list(image["entrypoint"])


def _await(control: EchoControl) -> None:
    deadline = time.monotonic() + STARTING
    while True:
        try:
            socket.create_connection((control.host, control.port)).close()
        except OSError as error:
            if time.monotonic() > deadline:
                raise Unfit(f"the process outside the mesh does not listen after {STARTING:g} s: {error}") from error
            time.sleep(0.05)
        else:
            return
