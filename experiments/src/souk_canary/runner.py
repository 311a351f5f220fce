"""Runs an experiment: does at the home and the source what the engine wants, and tells it what was seen there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Protocol

from souk_canary import routing
from souk_canary.clock import Clock
from souk_canary.counts import Window
from souk_canary.definition import Definition
from souk_canary.engine import Engine, Phase, Want
from souk_canary.homes import Document, Home, HomeError, Unreachable
from souk_canary.record import Calls, Judged, Moment, Record, Split, Version, total
from souk_canary.rule import BadCriteria, Judge
from souk_canary.sources import Counts, Source, SourceError
from souk_canary.steering import CannotBegin, Ground, Overruled, Steering
from souk_canary.verdict import Destination, Verdict

TICKS = 5
"""How often in a window the home is asked how things stand."""
LONGEST_TICK = 2.0
LAST_WORD = 120.0
"""Seconds for which a home that does not answer is asked to put the weights back; after that, the guardian asks."""
VERIFYING = 15.0
"""Seconds that the proxies have to take up the last weights, before it is said who has not."""


class Audience(Protocol):
    """Who wants to know how it goes."""

    def told(self, moment: Moment) -> None:
        """Something has happened."""

    def counted(self, judged: Judged) -> None:
        """A window was judged."""

    def shown(self, engine: Engine, now: float) -> None:
        """Some time has passed."""


@dataclass
class Course:
    """How a run went, as far as it has come."""

    begun: datetime = field(default_factory=lambda: datetime.now(UTC))
    moments: list[Moment] = field(default_factory=list)
    splits: list[Split] = field(default_factory=list)
    windows: list[Judged] = field(default_factory=list)
    uncounted: list[Counts] = field(default_factory=list)
    """Of times in which the split was not sure: no evidence, but attempts all the same."""
    problems: list[str] = field(default_factory=list)
    verdict: Verdict | None = None
    after: routing.Weights = field(default_factory=dict)
    length: float = 0.0

    def record(
        self,
        run: str,
        definition: Definition,
        *,
        before: Mapping[str, int],
        versions: tuple[Version, Version],
        calls: Calls | None,
        environment: Mapping[str, str],
    ) -> Record:
        """What is kept of a run that has ended, with what it can't know of itself."""
        assert self.verdict is not None, "a run that ended has a verdict"
        return Record(
            run=run,
            definition=definition,
            begun=self.begun,
            length=self.length,
            verdict=self.verdict,
            before=before,
            after=self.after,
            problems=tuple(self.problems),
            moments=tuple(self.moments),
            splits=tuple(self.splits),
            windows=tuple(self.windows),
            uncounted=(
                total([counts.baseline for counts in self.uncounted]),
                total([counts.candidate for counts in self.uncounted]),
            ),
            versions=versions,
            calls=calls,
            environment=environment,
        )


class Runner:
    """One run of an experiment."""

    def __init__(
        self,
        definition: Definition,
        *,
        ground: Ground,
        holder: str,
        home: Home,
        source: Source,
        clock: Clock,
        audience: Audience,
    ) -> None:
        self._definition = definition
        self._service = definition.service
        self._ground = ground
        self._home = home
        self._source = source
        self._clock = clock
        self._audience = audience
        self._steering = Steering(home, definition, ground, holder)
        self._course = Course()

    def run(self) -> Course:
        """Runs to the end, whatever happens on the way.

        Raises:
            CannotBegin: the source can't tell anything, or not what the criteria need. Nothing was changed.
        """
        try:
            self._source.start()
            judge = Judge.start(self._definition.judged_by(), self._source.bounds)
        except (SourceError, BadCriteria) as error:
            self._source.close()
            raise CannotBegin(str(error)) from error
        try:
            verdict = self._experiment(Engine(self._definition, judge))
            self._course.verdict = verdict
            self._tell(f"{verdict.outcome.value}: {verdict.why}")
            self._put(verdict.destination)
            self._take_the_rest()
        except BaseException:
            # A mistake of ours: the weights go back all the same.
            self._put(Destination.BEFORE)
            raise
        finally:
            self._source.close()
        self._course.length = self._clock.now()
        return self._course

    def _experiment(self, engine: Engine) -> Verdict:
        tick = min(self._definition.window / TICKS, LONGEST_TICK)
        while engine.verdict is None:
            before = engine.phase
            engine = self._turned(engine)
            self._narrate(engine, before)
            self._audience.shown(engine, self._clock.now())
            if engine.phase is before:
                self._clock.wait(tick)
        return engine.verdict

    def _turned(self, engine: Engine) -> Engine:
        """One look at the home, and what the engine wants after it."""
        if self._clock.interrupted is not None:
            return engine.interrupted(f"ended by {self._clock.interrupted}")
        try:
            if engine.wants(self._clock.now()) is not Want.SHIFT:
                standing = self._steering.look(self._clock.now())
                engine = engine.seen(self._clock.now(), standing)
            return self._done(engine, engine.wants(self._clock.now()))
        except Overruled as overruled:
            return engine.overruled(overruled.outcome, str(overruled))
        except Unreachable as error:
            if engine.unseen_since is None:
                self._tell(f"nothing to see: {str(error).splitlines()[0]}")
            return engine.unseen(self._clock.now(), str(error))
        except SourceError as error:
            if engine.uncounted_since is None:
                self._tell(f"nothing to count: {str(error).splitlines()[0]}")
            return engine.uncounted(self._clock.now(), str(error))
        except HomeError as error:
            return engine.refused(str(error))

    def _done(self, engine: Engine, want: Want) -> Engine:
        match want:
            case Want.SHIFT:
                self._steering.shift(engine.percent)
                self._tell(f"{engine.percent} % of the requests to {self._definition.candidate}")
                return engine.shifted(self._clock.now())
            case Want.COUNT_AFRESH:
                self._course.uncounted.append(self._source.take())
                return engine.counting(self._clock.now())
            case Want.COUNT:
                counts = self._source.take()
                window = Window(
                    begun=engine.since,
                    ended=self._clock.now(),
                    share=engine.percent / 100,
                    bounds=self._source.bounds,
                    baseline=counts.baseline,
                    candidate=counts.candidate,
                )
                engine = engine.counted(window)
                opinion = engine.judge.opinion
                judged = Judged(window=window, evidence=opinion.evidence, hold=opinion.hold)
                self._course.windows.append(judged)
                self._audience.counted(judged)
                return engine
            case Want.WAIT | Want.END:
                return engine

    def _narrate(self, engine: Engine, before: Phase) -> None:
        if before is Phase.CONFIRMING and engine.phase in (Phase.SETTLING, Phase.MEASURING):
            self._course.splits.append(Split(at=self._clock.now(), percent=engine.percent))
            self._tell("every proxy routes so")
        if before is Phase.MEASURING and engine.phase is Phase.CONFIRMING:
            self._tell("a proxy does not route so: the window is not counted")

    def _put(self, destination: Destination) -> None:
        """Weights first, then the look whether they hold."""
        deadline = self._clock.now() + LAST_WORD
        while True:
            try:
                stored = self._steering.finish(destination)
                break
            except Unreachable as error:
                if self._clock.now() >= deadline:
                    self._problem(
                        f"the weights could not be put back within {LAST_WORD:.0f} s: {error}\n"
                        f"  they are when the home answers again, or by `souk canary abort {self._service}`"
                    )
                    return
            except HomeError as error:
                self._problem(f"the weights could not be put back: {error}\n  `souk canary abort {self._service}`")
                return
            self._clock.wait(0.5)
        if stored is not None:
            self._course.after = routing.weights(self._service, stored)
            self._verify(stored)

    def _verify(self, stored: Document) -> None:
        shown = " ".join(f"{subset}={weight}" for subset, weight in self._course.after.items())
        deadline = self._clock.now() + VERIFYING
        while True:
            try:
                behind = self._steering.behind(stored)
                unknown = ""
            except HomeError as error:
                behind, unknown = (), f"whether every proxy routes {shown} is not known: {error}"
            if not behind and not unknown:
                self._tell(f"{shown}; every proxy routes so")
                return
            if self._clock.now() >= deadline:
                self._problem(unknown or f"{', '.join(behind)} did not take up {shown}: restart what does not")
                return
            self._clock.wait(0.2)

    def _take_the_rest(self) -> None:
        try:
            self._course.uncounted.append(self._source.take())
        except SourceError:
            self._tell("what happened since the last window is not known")

    def _problem(self, text: str) -> None:
        self._course.problems.append(text)
        self._tell(text)

    def _tell(self, text: str) -> None:
        moment = Moment(at=self._clock.now(), text=text)
        self._course.moments.append(moment)
        self._audience.told(moment)
