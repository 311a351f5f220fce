"""What was observed of both versions, in the form in which every source gives it and every rule takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True)
class PodCounts:
    """Attempts that one pod answered in a window, or that failed on their way to it."""

    attempts: int
    bad: int
    """Of these, how many ended as the criteria call bad."""
    slower: tuple[int, ...] = ()
    """Of these, how many took longer than each of the window's `bounds`; empty where the source can't tell."""


@dataclass(frozen=True)
class Arm:
    """What one version did in a window."""

    attempts: int
    """Attempts, not calls: a call that succeeds at its second attempt is two, one of them bad."""
    bad: int
    slower: tuple[int, ...]
    """How many attempts took longer than each of the window's `bounds`."""
    codes: Mapping[str, int] = field(default_factory=dict)
    """Attempts by how they ended: a gRPC code's name, `HTTP 503` without one, or what the proxy says (`UF`, `UO`)."""
    pods: Mapping[str, PodCounts] = field(default_factory=dict)
    """The same by pod, where the source tells pods apart."""
    custom: Mapping[str, PodCounts] = field(default_factory=dict)
    """What the experiment's own queries found, by their names."""


@dataclass(frozen=True)
class Window:
    """What both versions did between two moments, under one split that every proxy had confirmed."""

    begun: float
    """Seconds since the experiment began."""
    ended: float
    share: float
    """Of the requests to the service, which part was meant for the candidate: 0 to 1."""
    bounds: tuple[float, ...]
    """Latencies in seconds, ascending, that attempts are compared with."""
    baseline: Arm
    candidate: Arm
