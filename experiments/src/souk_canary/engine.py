"""Decides what an experiment does next from what was seen: a state machine without a clock and without I/O.

Each step: shift the weights → wait until every proxy has them → let it settle → count in windows → the next step.
A window counts only if the weights were confirmed before it began and still stand when it ends.
"""

from __future__ import annotations

import enum
from dataclasses import dataclass, replace

from souk_canary import guards
from souk_canary.counts import Arm, Window
from souk_canary.definition import Definition
from souk_canary.rule import Judge
from souk_canary.verdict import Destination, Outcome, Verdict


class Phase(enum.Enum):
    """Where a step is."""

    SHIFTING = "shifting"
    """Its weights are to be written."""
    CONFIRMING = "confirming"
    """They are written; proxies take them up."""
    SETTLING = "settling"
    """Every proxy has them; what happens now is not counted."""
    MEASURING = "measuring"
    ENDED = "ended"


class Want(enum.Enum):
    """What the engine wants done."""

    SHIFT = "shift"
    """Write the step's weights."""
    WAIT = "wait"
    COUNT_AFRESH = "count afresh"
    """Throw away what was counted so far: a window begins."""
    COUNT = "count"
    """Take the counts: a window ends."""
    END = "end"


@dataclass(frozen=True)
class Health:
    """How the pods of the candidate are."""

    ready: int
    restarts: int


@dataclass(frozen=True)
class Standing:
    """How things stand at the home."""

    behind: tuple[str, ...]
    """Proxies that do not route as was written."""
    candidate: Health


@dataclass(frozen=True)
class Sum:
    """Attempts of one version."""

    attempts: int = 0
    bad: int = 0

    def __str__(self) -> str:
        return f"{self.bad:,} of {self.attempts:,}"

    def plus(self, arm: Arm) -> Sum:
        """With those of a window."""
        return Sum(self.attempts + arm.attempts, self.bad + arm.bad)


@dataclass(frozen=True)
class Engine:
    """An experiment at a moment. Times are seconds since it began."""

    definition: Definition
    judge: Judge
    phase: Phase = Phase.SHIFTING
    since: float = 0.0
    """When the phase began; in MEASURING, when the window did."""
    step: int = 0
    measured: float = 0.0
    """Seconds of this step that were counted."""
    in_step: int = 0
    """Attempts of the candidate that were counted in this step."""
    candidate: Sum = Sum()
    """What was counted of the candidate since the beginning."""
    baseline: Sum = Sum()
    rate: float = 0.0
    """Attempts a second of the candidate, in the last window."""
    restarts: int | None = None
    """Of the candidate's containers, when it began."""
    unready_since: float | None = None
    unseen_since: float | None = None
    """Since when the home does not tell how things stand."""
    uncounted_since: float | None = None
    """Since when the source does not tell what happens."""
    verdict: Verdict | None = None

    @property
    def percent(self) -> int:
        """The candidate's share in this step."""
        return self.definition.steps[self.step].percent

    def wants(self, now: float) -> Want:
        """What is to be done now."""
        if self.verdict is not None:
            return Want.END
        if self.phase is Phase.SHIFTING:
            return Want.SHIFT
        if self.phase is Phase.SETTLING and now - self.since >= self.definition.settle:
            return Want.COUNT_AFRESH
        if self.phase is Phase.MEASURING and now - self.since >= self.definition.window:
            return Want.COUNT
        return Want.WAIT

    def shifted(self, now: float) -> Engine:
        """The step's weights are written."""
        return replace(self, phase=Phase.CONFIRMING, since=now, unseen_since=None)

    def seen(self, now: float, standing: Standing) -> Engine:
        """The home has told how things stand."""
        known = self.restarts if self.restarts is not None else standing.candidate.restarts
        first = now if self.unready_since is None else self.unready_since
        unready_since = None if standing.candidate.ready else first
        engine = replace(self, restarts=known, unready_since=unready_since, unseen_since=None)
        health = guards.unhealthy(self.definition, now, standing.candidate.restarts - known, unready_since)
        if health is not None:
            return engine._ended(Outcome.ROLL_BACK, health, self.definition.then.roll_back)
        if standing.behind:
            engine = engine if self.phase is Phase.CONFIRMING else replace(engine, phase=Phase.CONFIRMING, since=now)
            stuck = guards.unconfirmed(self.definition, now - engine.since, standing.behind)
            if stuck is not None:
                return engine._ended(Outcome.INVALID, stuck, "before")
        elif self.phase is Phase.CONFIRMING:
            engine = replace(engine, phase=Phase.SETTLING, since=now)
        return engine._in_time(now)

    def unseen(self, now: float, why: str) -> Engine:
        """The home could not tell: the window is lost."""
        since = now if self.unseen_since is None else self.unseen_since
        return replace(self, unseen_since=since)._blind(now, since, why)

    def uncounted(self, now: float, why: str) -> Engine:
        """The source could not tell: no data, which is neither good nor bad."""
        since = now if self.uncounted_since is None else self.uncounted_since
        return replace(self, uncounted_since=since)._blind(now, since, why)

    def counting(self, now: float) -> Engine:
        """A window has begun."""
        return replace(self, phase=Phase.MEASURING, since=now, uncounted_since=None)

    def counted(self, window: Window) -> Engine:
        """A window has ended; the next one begins."""
        length = window.ended - window.begun
        engine = replace(
            self,
            judge=self.judge.after(window),
            since=window.ended,
            measured=self.measured + length,
            in_step=self.in_step + window.candidate.attempts,
            candidate=self.candidate.plus(window.candidate),
            baseline=self.baseline.plus(window.baseline),
            rate=window.candidate.attempts / length,
        )
        return engine._judged(window.ended)

    def interrupted(self, why: str) -> Engine:
        """Somebody wants the experiment to end: the weights go back."""
        return self._ended(Outcome.ABORTED, why, "before")

    def refused(self, why: str) -> Engine:
        """The home does not do what it is asked."""
        return self._ended(Outcome.INVALID, why, "before")

    def overruled(self, outcome: Outcome, why: str) -> Engine:
        """Somebody else has changed the weights: theirs stand."""
        return self._ended(outcome, why, "hold")

    def _blind(self, now: float, since: float, why: str) -> Engine:
        if now - since >= self.definition.guards.unseen:
            text = f"nothing could be seen for {now - since:.0f} s: {why}"
            return self._ended(Outcome.INCONCLUSIVE, text, self.definition.then.inconclusive)
        if self.phase in (Phase.SETTLING, Phase.MEASURING):
            return replace(self, phase=Phase.SETTLING, since=now)._in_time(now)
        return self._in_time(now)

    def _judged(self, now: float) -> Engine:
        opinion, then = self.judge.opinion, self.definition.then
        if opinion.invalid is not None:
            return self._ended(Outcome.INVALID, opinion.invalid, "before")
        if opinion.roll_back is not None:
            return self._ended(Outcome.ROLL_BACK, opinion.roll_back, then.roll_back)
        complete = self.measured >= self.definition.steps[self.step].duration and self.in_step > 0
        if complete and opinion.hold is None:
            if self.step + 1 < len(self.definition.steps):
                following = replace(self, step=self.step + 1, measured=0.0, in_step=0)
                return replace(following, phase=Phase.SHIFTING, since=now)._in_time(now)
            if opinion.promote:
                return self._ended(Outcome.PROMOTE, self._shown(), then.promote)
        return self._in_time(now)

    def _shown(self) -> str:
        return (
            f"{self.definition.candidate} was shown to be good: it failed {self.candidate} attempts, "
            f"{self.definition.baseline} {self.baseline}, and nothing speaks against it"
        )

    def _in_time(self, now: float) -> Engine:
        if self.verdict is not None or now < self.definition.timebox:
            return self
        why = f"no answer within {self.definition.timebox:g} s: {self._missing()}"
        return self._ended(Outcome.INCONCLUSIVE, why, self.definition.then.inconclusive)

    def _missing(self) -> str:
        opinion, candidate = self.judge.opinion, self.definition.candidate
        if opinion.hold is not None:
            return opinion.hold
        if not opinion.needed:
            return f"{candidate} was shown to be neither worse nor good"
        more = f"about {opinion.needed:,} more requests to {candidate} needed"
        if self.rate == 0:
            return f"{more}, and none come"
        return f"{more} (~{opinion.needed / self.rate:.0f} s at the current rate)"

    def _ended(self, outcome: Outcome, why: str, destination: str) -> Engine:
        return replace(self, phase=Phase.ENDED, verdict=Verdict(outcome, why, Destination(destination)))
