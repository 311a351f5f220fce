"""Counts attempts, each once, though the proxies at both of its ends may tell of it. Plain rules, no I/O."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from collections.abc import Set
from dataclasses import dataclass, field

from souk_canary.counts import Arm, PodCounts
from souk_canary.sources import endings
from souk_canary.sources.attempts import Attempt, By, Key

# Proxies tell four times a second: three times that, and what the other end has to say is here.
PATIENCE = 0.75
# Nobody tells of an attempt so long after it has ended.
MEMORY = 10.0


@dataclass
class _Pod:
    attempts: int = 0
    bad: int = 0
    within: list[int] = field(default_factory=list)
    """How many took longer than all bounds before this one, and not longer than this one."""

    def counts(self) -> PodCounts:
        return PodCounts(self.attempts, self.bad, _slower(self.within))


class Tally:
    """The attempts at one version since it was last asked."""

    def __init__(self, bounds: tuple[float, ...], bad: Set[str]) -> None:
        self._bounds = bounds
        self._bad = bad
        self._codes: Counter[str] = Counter()
        self._pods: dict[str, _Pod] = {}
        self._answered: dict[Key, float] = {}
        """What the callee told of, and when."""
        self._unanswered: list[tuple[float, Attempt]] = []
        """What only the caller told of, so far, and when."""

    def add(self, attempt: Attempt, now: float) -> None:
        """Takes note of what one proxy tells."""
        if attempt.by is By.CALLEE:
            self._answered[attempt.key] = now
            self._count(attempt)
        else:
            self._unanswered.append((now, attempt))

    def take(self, now: float) -> Arm:
        """What is certain by now, and was not yet taken."""
        due = [attempt for told, attempt in self._unanswered if told + PATIENCE <= now]
        self._unanswered = [each for each in self._unanswered if each[0] + PATIENCE > now]
        for attempt in due:
            if attempt.key not in self._answered:
                self._count(attempt)
        self._answered = {key: told for key, told in self._answered.items() if told + MEMORY > now}
        pods = {name: pod.counts() for name, pod in self._pods.items()}
        codes = dict(self._codes)
        self._codes, self._pods = Counter(), {}
        return Arm(
            attempts=sum(each.attempts for each in pods.values()),
            bad=sum(each.bad for each in pods.values()),
            slower=tuple(map(sum, zip(*(each.slower for each in pods.values()), strict=True)))
            or (0,) * len(self._bounds),
            codes=codes,
            pods={name: each for name, each in pods.items() if name},
        )

    def _count(self, attempt: Attempt) -> None:
        self._codes[attempt.ending] += 1
        pod = self._pods.setdefault(attempt.pod, _Pod(within=[0] * (len(self._bounds) + 1)))
        pod.attempts += 1
        pod.bad += endings.is_bad(attempt.ending, self._bad)
        # An attempt without an answer has no latency: it counts among the errors, and as no slow one.
        pod.within[bisect_left(self._bounds, attempt.seconds or 0.0)] += 1


def _slower(within: list[int]) -> tuple[int, ...]:
    return tuple(sum(within[index + 1 :]) for index in range(len(within) - 1))
