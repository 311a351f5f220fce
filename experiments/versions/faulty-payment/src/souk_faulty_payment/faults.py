"""What goes wrong, and how often: a plain rule that draws, call by call."""

from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum

import grpc


class Place(StrEnum):
    """Where a failure stands in the answer."""

    TRAILERS_ONLY = "trailers-only"
    """In the only headers, as every error of a healthy service: the mesh sees it and may try again."""
    AFTER_HEADERS = "after-headers"
    """In trailers behind headers that say 200: HTTP takes it for a success, and nobody tries again."""


@dataclass(frozen=True)
class Faults:
    """Of how many calls what goes wrong."""

    error_share: float = 0.0
    code: grpc.StatusCode = grpc.StatusCode.UNAVAILABLE
    place: Place = Place.TRAILERS_ONLY
    delay_share: float = 0.0
    delay_seconds: float = 0.0
    slowdown: float = 1.0
    """How many times as long as usual the handler takes; gRPC and the proxy around it take what they take."""
    crash_after_calls: int | None = None


@dataclass(frozen=True)
class Fate:
    """What befalls one call."""

    fails: bool
    waits: float
    """Seconds, before anything else."""
    crashes: bool


def fate(faults: Faults, number: int, draw: Callable[[], float]) -> Fate:
    """Decides about a call.

    Args:
        faults: what goes wrong.
        number: which call it is, from 1.
        draw: gives evenly distributed numbers from 0 to 1.
    """
    return Fate(
        fails=draw() < faults.error_share,
        waits=faults.delay_seconds if draw() < faults.delay_share else 0.0,
        crashes=faults.crash_after_calls is not None and number > faults.crash_after_calls,
    )
