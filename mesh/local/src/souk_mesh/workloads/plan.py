"""A pod made concrete: every program to run, with its environment, probes and the way it ends."""

from __future__ import annotations

from dataclasses import dataclass

from souk_mesh.workloads.probes import Probe
from souk_mesh.workloads.processes import Command
from souk_mesh.workloads.readiness import Thresholds


@dataclass(frozen=True)
class Check:
    """A probe and its timing."""

    probe: Probe
    thresholds: Thresholds


@dataclass(frozen=True)
class ContainerPlan:
    """One program of a pod."""

    name: str
    command: Command
    grace: float
    """Seconds that it gets to end."""
    startup: Check | None = None
    readiness: Check | None = None
    liveness: Check | None = None
    before_stop: Command | float | None = None
    """What is done before SIGTERM: a program to run, or seconds to wait."""


@dataclass(frozen=True)
class PodPlan:
    """All programs of a pod, in the order in which they start: proxy, init containers, containers."""

    proxy: ContainerPlan
    init: tuple[ContainerPlan, ...]
    containers: tuple[ContainerPlan, ...]
