"""When a probe has passed or failed: thresholds over a row of results, and when to look again."""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

# Until a probe first passes, it is repeated sooner than the YAML's period: a start-up is waited for.
FIRST_INTERVAL = 0.05
INTERVAL_GROWTH = 1.3
# A refused connection costs 0.1 ms: looking five times a second is nothing, and waits 0.1 s too long on average.
LONGEST_INTERVAL = 0.2


class Verdict(StrEnum):
    """What a row of results says."""

    UNKNOWN = "unknown"
    PASSED = "passed"
    FAILED = "failed"


@dataclass(frozen=True)
class Thresholds:
    """A probe's timing and thresholds, from the YAML."""

    initial_delay: float
    period: float
    timeout: float
    success: int
    failure: int


@dataclass(frozen=True)
class Course:
    """The results of one probe of one container run, folded into what matters."""

    thresholds: Thresholds
    successes: int = 0
    failures: int = 0
    verdict: Verdict = Verdict.UNKNOWN
    interval: float = FIRST_INTERVAL
    eager: float = 0.0
    """Seconds already spent on early attempts; the failures among them count once per period only."""

    def passed(self) -> Course:
        """Counts a success."""
        successes = self.successes + 1
        verdict = Verdict.PASSED if successes >= self.thresholds.success else self.verdict
        return replace(self, successes=successes, failures=0, verdict=verdict)

    def failed(self) -> Course:
        """Counts a failure; early ones, before the first success, make up one failure per period."""
        if self.verdict is Verdict.UNKNOWN and self.eager + self.interval < self.thresholds.period:
            return replace(
                self,
                successes=0,
                eager=self.eager + self.interval,
                interval=min(self.interval * INTERVAL_GROWTH, LONGEST_INTERVAL),
            )
        failures = self.failures + 1
        verdict = Verdict.FAILED if failures >= self.thresholds.failure else self.verdict
        return replace(self, successes=0, failures=failures, verdict=verdict, eager=0.0)

    @property
    def next_in(self) -> float:
        """Seconds until the next attempt: short until the first verdict, then the YAML's period."""
        if self.verdict is Verdict.UNKNOWN:
            return min(self.interval, self.thresholds.period)
        return self.thresholds.period
