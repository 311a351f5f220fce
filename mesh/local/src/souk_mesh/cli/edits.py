"""The commands that change one thing of a running mesh."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

from souk_mesh.cli.context import ask, running, state
from souk_mesh.cli.failures import Failed
from souk_mesh.control import methods
from souk_mesh.control.messages import NamedRequest, Nothing, ScaleRequest, SplitRequest


def split(service: str, weights: Sequence[str], home: Path | None) -> None:
    """Changes weights and returns when every proxy has them."""
    request = SplitRequest(service=service, weights=_parsed(weights))
    with running(state(home)) as client:
        reply = ask(client, methods.SPLIT, request)
    shares = " ".join(f"{subset}={weight}" for subset, weight in reply.weights.items())
    print(
        f"VirtualService {reply.virtual_service}: {shares}; "
        f"acknowledged by all {reply.proxies} proxies after {reply.milliseconds:.1f} ms"
    )


def restart(workload: str, home: Path | None) -> None:
    """Replaces the pods of a workload."""
    with running(state(home)) as client:
        print(ask(client, methods.RESTART, NamedRequest(name=workload)).text)


def scale(workload: str, replicas: int, home: Path | None) -> None:
    """Changes the number of pods."""
    with running(state(home)) as client:
        print(ask(client, methods.SCALE, ScaleRequest(name=workload, replicas=replicas)).text)


def delete_pod(name: str, home: Path | None) -> None:
    """Ends a pod."""
    with running(state(home)) as client:
        print(ask(client, methods.DELETE_POD, NamedRequest(name=name)).text)


def rotate(home: Path | None) -> None:
    """Gives every pod a new certificate."""
    with running(state(home)) as client:
        print(ask(client, methods.ROTATE, Nothing()).text)


def _parsed(weights: Sequence[str]) -> Mapping[str, int]:
    parsed: dict[str, int] = {}
    for text in weights:
        subset, equals, number = text.partition("=")
        if not equals or not subset or not number.removeprefix("-").isdigit():
            raise Failed(f"{text} is not a weight\n  write SUBSET=WEIGHT, as in `souk split payment v1=90 v2=10`")
        if subset in parsed:
            raise Failed(f"{subset} is given twice\n  give each subset one weight")
        parsed[subset] = int(number)
    return parsed
