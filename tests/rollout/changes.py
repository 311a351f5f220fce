"""What is done to a mesh while it works."""

from __future__ import annotations

import time
from collections.abc import Callable

from tests.mesh import Mesh

PATIENCE_SECONDS = 60
# Each look starts a program, which costs a fifth of a second of a core.
LOOK_EVERY = 0.7


def awaited(condition: Callable[[], bool], what: str) -> None:
    """Returns when it is so.

    Raises:
        AssertionError: it was not in time.
    """
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"not within {PATIENCE_SECONDS} s: {what}"
        time.sleep(LOOK_EVERY)


def ready(mesh: Mesh, deployment: str) -> set[str]:
    """The names of a Deployment's pods that are ready."""
    return {pod["name"] for pod in mesh.pods(deployment) if pod["ready"]}


def rolled(mesh: Mesh, deployment: str) -> None:
    """Replaces the pods of a Deployment; the old ones may still be ending when it returns."""
    before = ready(mesh, deployment)
    mesh.souk("restart", deployment)
    awaited(lambda: len(now := ready(mesh, deployment)) == len(before) and not now & before, f"{deployment} is rolled")


def scaled(mesh: Mesh, deployment: str, replicas: int) -> None:
    """Changes the number of a Deployment's pods, and waits until so many are ready."""
    mesh.souk("scale", deployment, "--replicas", str(replicas))
    awaited(lambda: len(ready(mesh, deployment)) == replicas, f"{deployment} has {replicas} pods")


def ended(mesh: Mesh, deployment: str) -> str:
    """Ends a pod of a Deployment, and returns its name when it is gone and another one is ready in its place."""
    doomed = str(mesh.pods(deployment)[0]["name"])
    mesh.souk("delete", "pod", doomed)
    awaited(
        lambda: (
            doomed not in {pod["name"] for pod in mesh.pods(deployment)} and all(pod["ready"] for pod in mesh.pods())
        ),
        f"{doomed} is gone and replaced",
    )
    return doomed
