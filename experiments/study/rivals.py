"""The decision rules of Flagger, Argo Rollouts and Kayenta, written anew from what their code and documents say.

All of them see the traffic of the same plan: five steps of a minute, 10 % to 50 %.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np

from souk_canary.rule.floats import Floats, Truths
from study.plan import STEP, STEPS, Outcomes, harmed, outcomes, record
from study.worlds import BOUNDS, LIMIT, WINDOWS, Counts, Traffic

MINUTES = WINDOWS // STEP


@dataclass(frozen=True)
class Flagger:
    """Each minute: below `success` in that minute, or no traffic, is a failed check, and the weight stays.

    After `checks` failed checks, however far apart, the next tick rolls back. A check that passes raises the weight, or
    promotes at the highest. From `pkg/controller/scheduler.go`: `FailedChecks` never falls, and is looked at before the
    metrics are. The code's default threshold is 1; the documents' examples say 5, and 99 % of success within a minute.
    """

    success: float = 0.99
    checks: int = 5

    def judged(self, traffic: Traffic) -> Outcomes:
        """What runs came to. The weights depend on the checks, so the windows are drawn here."""
        runs = traffic.runs
        step, failed = np.zeros(runs, dtype=int), np.zeros(runs, dtype=int)
        back, forward, harm = np.full(runs, np.inf), np.full(runs, np.inf), np.zeros(runs)
        shares = np.array([*STEPS, 1.0])
        for minute in range(MINUTES):
            ended = np.isfinite(np.minimum(back, forward))
            share = np.where(np.isfinite(back), 0.0, np.where(np.isfinite(forward), 1.0, shares[step]))
            windows = [traffic.window(minute * STEP + at, share) for at in range(STEP)]
            harm += np.sum([harmed(window) for window in windows], axis=0)
            now = (minute + 1.0) * STEP
            rolls = ~ended & (failed >= self.checks)
            back[rolls] = now
            fails = ~ended & ~rolls & ~_passes(windows, self.success)
            failed[fails] += 1
            passes = ~ended & ~rolls & ~fails
            forward[passes & (step == len(STEPS) - 1)] = now
            step[passes & (step < len(STEPS) - 1)] += 1
        return Outcomes(back, forward, np.full(runs, np.inf), harm)


@dataclass(frozen=True)
class Argo:
    """Each minute of the steps: below `success` is a failed measurement; more than `failures` of them abort the
    rollout.

    A background analysis ends with the steps, and the rollout is promoted. From `analysis/analysis.go`: failures are
    counted, not in a row, and the limit's default is 0. The documents' example says 95 % and a limit of 3, measured
    every 5 minutes; here it is every minute, which makes it five times as fast. Minutes without traffic count as no
    measurement, which spares it what a NaN would do.
    """

    success: float = 0.95
    failures: int = 3

    def judged(self, traffic: Traffic) -> Outcomes:
        """What runs came to."""
        windows = record(traffic)
        failed = np.zeros(traffic.runs, dtype=int)
        back = np.full(traffic.runs, np.inf)
        for minute in range(len(STEPS)):
            part = windows[minute * STEP : (minute + 1) * STEP]
            seen = np.sum([window.candidate for window in part], axis=0) > 0
            failed += seen & ~_passes(part, self.success)
            back = np.where((failed > self.failures) & np.isinf(back), (minute + 1.0) * STEP, back)
        forward = np.where(np.isinf(back), float(STEP * len(STEPS)), np.inf)
        return outcomes(traffic, windows, back, forward)


@dataclass(frozen=True)
class Kayenta:
    """Every `every` minutes: rates of errors by minute, both versions', compared by a Mann-Whitney U test.

    Worse when the confidence interval of the Hodges-Lehmann shift lies wholly above `tolerance` times the estimated
    shift. From `MannWhitneyClassifier.scala` and `NetflixACAJudge.scala`: confidence 98 %, tolerance 25 %. With one
    metric, the score is 100 or 0, so a metric that is worse fails the canary; with latency (the 99th percentile by
    minute) as a second metric, either does here, which is more than its usual thresholds ask for. The interval is by
    order statistics of the differences, exact below 50 points without ties as in R, and without R's correction for
    ties.
    """

    confidence: float = 0.98
    tolerance: float = 0.25
    every: int = 5

    def judged(self, traffic: Traffic) -> Outcomes:
        """What runs came to; it promotes after half an hour."""
        windows = record(traffic)
        measured = [_by_minute(windows, _rate)]
        if traffic.bounds:
            measured.append(_by_minute(windows, lambda attempts, _, slower: quantile(attempts, slower, 0.99)))
        back = np.full(traffic.runs, np.inf)
        for minutes in range(self.every, MINUTES + 1, self.every):
            for baseline, candidate in measured:
                worse = is_worse(baseline[:minutes], candidate[:minutes], self.confidence, self.tolerance)
                back = np.where(worse & np.isinf(back), float(minutes * STEP), back)
        forward = np.where(np.isinf(back), float(WINDOWS), np.inf)
        return outcomes(traffic, windows, back, forward)


def is_worse(baseline: Floats, candidate: Floats, confidence: float, tolerance: float) -> Truths:
    """Whether Kayenta classifies as High; the first axis is points, NaN where there is none."""
    differences = (candidate[:, None] - baseline[None, :]).reshape(-1, *baseline.shape[1:])
    differences = np.sort(differences, axis=0)  # NaN last
    points = np.isfinite(baseline).sum(axis=0), np.isfinite(candidate).sum(axis=0)
    rank = _ranks(confidence)[points]
    pairs = points[0] * points[1]
    at = np.clip(rank - 1, 0, max(len(differences) - 1, 0)).astype(int)
    lower = np.take_along_axis(differences, at[None], axis=0)[0]
    middle = np.stack([(pairs - 1) // 2, pairs // 2])
    estimate = np.take_along_axis(differences, np.maximum(middle, 0), axis=0).mean(axis=0)
    with np.errstate(invalid="ignore"):
        return np.asarray((rank > 0) & (lower > tolerance * np.abs(estimate)))


@cache
def _ranks(confidence: float) -> Floats:
    """Which of the sorted differences is the lower end of the interval, by numbers of points; 0: there is none."""
    tail = (1 - confidence) / 2
    ranks = np.zeros((MINUTES + 1, MINUTES + 1))
    for m in range(1, MINUTES + 1):
        for n in range(1, MINUTES + 1):
            below = np.cumsum(_arrangements(m, n))
            ranks[m, n] = max(int(np.searchsorted(below / below[-1], tail, side="left")), 1)
    return ranks


@cache
def _arrangements(m: int, n: int) -> Floats:
    """In how many orders of m and n values the Mann-Whitney U is 0, 1, … m·n: a Gaussian binomial coefficient."""
    ways = np.zeros(m * n + 1)
    ways[0] = 1
    for k in range(1, m + 1):
        for u in range(len(ways) - 1, n + k - 1, -1):
            ways[u] -= ways[u - n - k]
        for u in range(k, len(ways)):
            ways[u] += ways[u - k]
    return ways


def _passes(windows: Sequence[Counts], success: float) -> Truths:
    """The candidate had traffic, succeeded often enough and, where latency is looked at, was fast enough."""
    attempts = np.sum([window.candidate for window in windows], axis=0)
    bad = np.sum([window.candidate_bad for window in windows], axis=0)
    with np.errstate(invalid="ignore", divide="ignore"):
        passes = np.asarray((attempts > 0) & (1 - bad / attempts >= success))
    slower = np.sum([window.candidate_slower for window in windows], axis=0)
    return np.asarray(passes & (quantile(attempts, slower, 0.99) <= LIMIT)) if slower.shape[-1] else passes


def quantile(attempts: Floats, slower: Floats, part: float) -> Floats:
    """As Prometheus's `histogram_quantile`: linear within the bucket, the highest finite bound above it."""
    below = np.concatenate([np.zeros((*attempts.shape, 1)), attempts[..., None] - slower], axis=-1)
    edges = np.array([0.0, *BOUNDS])
    goal = part * attempts
    bucket = np.minimum((below < goal[..., None]).sum(axis=-1), len(BOUNDS))
    low, high = (
        np.take_along_axis(below, at[..., None], axis=-1)[..., 0] for at in (np.maximum(bucket - 1, 0), bucket)
    )
    within = np.clip((goal - low) / np.maximum(high - low, 1), 0, 1)
    return np.asarray(edges[np.maximum(bucket - 1, 0)] + within * (edges[bucket] - edges[np.maximum(bucket - 1, 0)]))


def _rate(attempts: Floats, bad: Floats, _: Floats) -> Floats:
    rate: Floats = bad / attempts
    return rate


def _by_minute(windows: Sequence[Counts], measure: Callable[[Floats, Floats, Floats], Floats]) -> tuple[Floats, Floats]:
    """A measure of the baseline and of the candidate, minute by minute; NaN in minutes without attempts."""

    def minutes(values: list[Floats]) -> Floats:
        stacked = np.stack(values)
        return np.asarray(stacked.reshape(MINUTES, STEP, *stacked.shape[1:]).sum(axis=1), float)

    def arm(attempts: list[Floats], bad: list[Floats], slower: list[Floats]) -> Floats:
        total = minutes(attempts)
        with np.errstate(invalid="ignore", divide="ignore"):
            return np.where(total > 0, measure(total, minutes(bad), minutes(slower)), np.nan)

    return (
        arm(
            [window.baseline.sum(axis=-1) for window in windows],
            [window.baseline_bad.sum(axis=-1) for window in windows],
            [window.baseline_slower.sum(axis=1) for window in windows],
        ),
        arm(
            [window.candidate for window in windows],
            [window.candidate_bad for window in windows],
            [window.candidate_slower for window in windows],
        ),
    )
