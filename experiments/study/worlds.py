"""Simulated traffic: what both versions of a service would show, for many runs at once."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from scipy.stats import lognorm

from souk_canary.rule.floats import Floats

WINDOW = 10.0
"""Seconds."""
WINDOWS = 180
"""Half an hour: the time box of every run."""
REPLICAS = 2
"""Pods of the baseline. The candidate has one: canaries start small."""
BOUNDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0)
"""Istio's own buckets of request durations, in seconds."""
LIMIT = 0.5
"""Seconds: what the 99th percentile may be, as in Flagger's examples."""
MEDIAN, SPREAD = 0.1, 0.607
"""Latency is lognormal, with a 99th percentile of 410 ms."""


class World(enum.Enum):
    """What happens beside the versions' own rates of errors."""

    STEADY = "steady"
    """Nothing."""
    SHARED_BURSTS = "shared bursts"
    """Now and then 30 s in which 30 % of the attempts fail, whichever version answers: a database fails over."""
    POD_BURSTS = "bursts of single pods"
    """In 5 % of the windows a pod fails 10 % of its attempts, each pod by itself: no property of a version."""
    ONE_REPLICA = "bursts of single pods, one baseline pod"
    """The same where the baseline has one pod, so that nothing tells dispersion."""
    WARM_UP = "warm-up"
    """Both versions are fresh and fail ten times as often at first, which fades with a time constant of 30 s."""
    COLD = "cold candidate"
    """The same, but for the candidate alone: a baseline that has run for long is no fair comparison."""
    DRIFT = "drift"
    """The load swings by a factor of 3 and the rate of errors by a factor of 9 within the run."""
    STREAMS = "sticky streams"
    """Requests come in streams of 20 that stay with their pod; half of all errors come from few streams that fail 30
    %."""


@dataclass(frozen=True)
class Cell:
    """One setting that is simulated in many runs."""

    world: World
    rate: float
    """Requests per second to both versions together."""
    base: float
    """The baseline's rate of errors."""
    errors: float | None = None
    """The candidate's; None: the same."""
    slower: float = 1.0
    """The candidate's latency is so many times the baseline's."""
    stalls: float = 0.0
    """This part of the candidate's attempts takes a second longer."""
    latency: bool = False
    """Whether latency is simulated and judged as well."""

    @property
    def alike(self) -> bool:
        """Both versions are the same."""
        return self.errors is None and self.slower == 1.0 and self.stalls == 0.0

    @property
    def name(self) -> str:
        """What is simulated, in words."""
        effects = [
            f"errors {self.base:.2%} → {self.errors:.2%}" if self.errors is not None else f"errors {self.base:.2%}",
            *([f"{self.slower:g} times as slow"] if self.slower != 1 else []),
            *([f"{self.stalls:.0%} take 1 s longer"] if self.stalls else []),
        ]
        return f"{self.rate:g}/s, {', '.join(effects)}"


@dataclass(frozen=True)
class Counts:
    """What a window showed. The first axis is the runs; the baseline has an axis of pods more; `slower` one of
    bounds, last."""

    baseline: Floats
    baseline_bad: Floats
    baseline_slower: Floats
    candidate: Floats
    candidate_bad: Floats
    candidate_slower: Floats


class Traffic:
    """The traffic of many runs of a cell: windows are drawn in their order, under a split that may differ from run
    to run."""

    def __init__(self, cell: Cell, runs: int, seed: np.random.SeedSequence) -> None:
        self.cell = cell
        self.runs = runs
        self.bounds = BOUNDS if cell.latency else ()
        self._random = np.random.Generator(np.random.SFC64(seed))
        self._pods = 1 if cell.world is World.ONE_REPLICA else REPLICAS
        starts = self._random.random((runs, WINDOWS)) < WINDOW / 300
        self._shared = starts | np.roll(starts, 1, axis=1) | np.roll(starts, 2, axis=1)
        self._bursts = self._random.random((runs, WINDOWS, self._pods + 1)) < 0.05
        self._phase = self._random.random(runs) * 2 * np.pi

    def window(self, at: int, share: Floats) -> Counts:
        """Draws window number `at`, of whose requests the candidate gets `share` (an axis of runs, or one for all)."""
        load, errors = self._mood(at)
        pods = np.broadcast_to((1 - share) / self._pods, (self.runs,))
        shares = np.stack([pods] * self._pods + [np.broadcast_to(share, (self.runs,))], axis=-1)
        attempts, bad = self._attempts(shares * (self.cell.rate * WINDOW * load)[:, None], errors)
        slower = self._slower(attempts)
        last = self._pods
        return Counts(
            attempts[:, :last], bad[:, :last], slower[:, :last], attempts[:, last], bad[:, last], slower[:, last]
        )

    def _mood(self, at: int) -> tuple[Floats, Floats]:
        """How much the load is of its usual, and the rate of errors of each pod; the candidate's is last."""
        cell = self.cell
        own = cell.base if cell.errors is None else cell.errors
        errors = np.tile([cell.base] * self._pods + [own], (self.runs, 1)).astype(float)
        load = np.ones(self.runs)
        if cell.world is World.SHARED_BURSTS:
            errors = np.where(self._shared[:, at, None], np.maximum(errors, 0.3), errors)
        elif cell.world in (World.POD_BURSTS, World.ONE_REPLICA):
            errors = np.where(self._bursts[:, at], np.maximum(errors, 0.1), errors)
        elif cell.world in (World.WARM_UP, World.COLD):
            fresh = 1 + 9 * np.exp(-at * WINDOW / 30)
            errors[:, 0 if cell.world is World.WARM_UP else self._pods :] *= fresh
            errors = np.minimum(errors, 1)
        elif cell.world is World.DRIFT:
            swing = np.sin(2 * np.pi * at / WINDOWS + self._phase)
            load = np.sqrt(3.0) ** swing
            errors = np.minimum(errors * 3.0 ** swing[:, None], 1)
        return load, errors

    def _attempts(self, expected: Floats, errors: Floats) -> tuple[Floats, Floats]:
        if self.cell.world is not World.STREAMS:
            attempts = self._random.poisson(expected)
            return np.asarray(attempts, float), np.asarray(self._random.binomial(attempts, errors), float)
        streams = self._random.poisson(expected / 20)
        broken = self._random.binomial(streams, np.minimum(errors / 2 / 0.3, 1))
        bad = self._random.binomial(20 * (streams - broken), errors / 2) + self._random.binomial(20 * broken, 0.3)
        return np.asarray(20.0 * streams, float), np.asarray(bad, float)

    def _slower(self, attempts: Floats) -> Floats:
        """How many of the attempts took longer than each bound."""
        if not self.cell.latency:
            return np.zeros((*attempts.shape, 0))
        usual, own = buckets(1.0, 0.0), buckets(self.cell.slower, self.cell.stalls)
        counts = [
            self._random.multinomial(attempts[:, pod].astype(int), own if pod == self._pods else usual)
            for pod in range(self._pods + 1)
        ]
        by_bucket = np.stack(counts, axis=1)
        return np.asarray(by_bucket[..., ::-1].cumsum(axis=-1)[..., ::-1][..., 1:], dtype=float)


def buckets(slower: float, stalls: float) -> Floats:
    """How probable it is that an attempt ends in each bucket between two `BOUNDS`."""
    bounds = np.array([0.0, *BOUNDS, np.inf])
    usual = lognorm(SPREAD, scale=MEDIAN * slower).cdf
    below = (1 - stalls) * usual(bounds) + stalls * usual(np.maximum(bounds - 1, 0))
    return np.asarray(np.diff(below))
