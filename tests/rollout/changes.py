"""What is done to the shop while it works."""

from __future__ import annotations

from tests.homes import Home
from tests.waiting import awaited


def ready(home: Home, deployment: str) -> set[str]:
    """The names of a Deployment's pods that are ready."""
    return {pod.name for pod in home.pods(deployment) if pod.ready}


def rolled(home: Home, deployment: str) -> None:
    """Replaces the pods of a Deployment; the old ones may still be ending when it returns."""
    before = ready(home, deployment)
    home.restart(deployment)
    awaited(
        # More than before, if an autoscaler finds the load worth it.
        lambda: len(now := ready(home, deployment)) >= len(before) and not now & before,
        f"{deployment} is rolled",
        home.patience,
    )


def scaled(home: Home, deployment: str, replicas: int) -> None:
    """Changes the number of a Deployment's pods, and waits until so many are ready."""
    home.scale(deployment, replicas)
    awaited(lambda: len(ready(home, deployment)) == replicas, f"{deployment} has {replicas} pods", home.patience)


def ended(home: Home, deployment: str) -> str:
    """Ends a pod of a Deployment, and returns its name when it is gone and another one is ready in its place."""
    doomed = home.pods(deployment)[0].name
    home.end(doomed)
    awaited(
        lambda: doomed not in {pod.name for pod in home.pods(deployment)} and all(pod.ready for pod in home.pods()),
        f"{doomed} is gone and replaced",
        home.patience,
    )
    return doomed
