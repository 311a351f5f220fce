"""Where an experiment looks: counts of what both versions did."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from souk_canary.counts import Arm


@dataclass(frozen=True)
class Counts:
    """What both versions did since the source was asked last."""

    baseline: Arm
    candidate: Arm


class SourceError(Exception):
    """A source can't tell; the text says why. No data is never taken for good or bad data."""


class Source(Protocol):
    """Envoy's access log or Prometheus."""

    @property
    def bounds(self) -> tuple[float, ...]:
        """The latencies in seconds that attempts are compared with."""

    def start(self) -> None:
        """Begins to count from now.

        Raises:
            SourceError: it can't.
        """

    def take(self) -> Counts:
        """What happened since `start` or the last `take`; does not wait.

        Raises:
            SourceError: it can't tell.
        """

    def close(self) -> None:
        """Leaves nothing behind."""
