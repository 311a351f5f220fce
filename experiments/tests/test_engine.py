"""What holds of the engine whatever it sees, in whatever order."""

from __future__ import annotations

from dataclasses import dataclass, field

from hypothesis import given, settings
from hypothesis import strategies as st

from souk_canary.counts import Arm, Window
from souk_canary.engine import Engine, Health, Phase, Standing, Want
from souk_canary.rule import Judge
from souk_canary.verdict import Outcome
from tests.test_runs import defined

TICK = 0.25

# What a tick may bring: the proxies that are behind, or nothing at all; and how many of 40 attempts failed.
SIGHTS = st.sampled_from([*[()] * 20, ("souk/order-1",), None])
TICKS = st.lists(st.tuples(SIGHTS, st.integers(0, 2)), min_size=1, max_size=240)


@dataclass
class History:
    """An engine that is driven as the runner drives it, and what it was told."""

    engine: Engine = field(default_factory=lambda: Engine(defined(), Judge.start(defined().judged_by(), ())))
    now: float = 0.0
    trusted: float | None = None
    """Since when every look has found all proxies on the step's weights."""
    windows: list[tuple[float, float]] = field(default_factory=list)

    def tick(self, sight: tuple[str, ...] | None, bad: int) -> None:
        self.now += TICK
        if self.engine.wants(self.now) is not Want.SHIFT:
            self._look(sight)
        match self.engine.wants(self.now):
            case Want.SHIFT:
                self.trusted = None
                self.engine = self.engine.shifted(self.now)
            case Want.COUNT_AFRESH:
                self.engine = self.engine.counting(self.now)
            case Want.COUNT:
                self._count(bad)
            case Want.WAIT | Want.END:
                pass

    def _look(self, sight: tuple[str, ...] | None) -> None:
        if sight is None:
            self.trusted = None
            self.engine = self.engine.unseen(self.now, "away")
            return
        if sight:
            self.trusted = None
        elif self.trusted is None:
            self.trusted = self.now
        self.engine = self.engine.seen(self.now, Standing(sight, Health(ready=1, restarts=0)))

    def _count(self, bad: int) -> None:
        begun = self.engine.since
        assert self.trusted is not None
        assert self.trusted <= begun, "the window began before all proxies were known to route so"
        assert begun + self.engine.definition.window <= self.now
        self.windows.append((begun, self.now))
        window = Window(begun, self.now, self.engine.percent / 100, (), Arm(40, 0, ()), Arm(40, bad, ()))
        self.engine = self.engine.counted(window)


def lived(ticks: list[tuple[tuple[str, ...] | None, int]]) -> History:
    """What comes of these, until there is a verdict."""
    history = History()
    for sight, bad in ticks:
        if history.engine.verdict is not None:
            break
        history.tick(sight, bad)
    return history


@settings(deadline=None)
@given(TICKS)
def test_a_window_counts_only_if_the_weights_were_confirmed_from_before_its_begin_to_its_end(
    ticks: list[tuple[tuple[str, ...] | None, int]],
) -> None:
    history = lived(ticks)
    assert all(ended <= begun for (_, ended), (begun, _) in zip(history.windows, history.windows[1:], strict=False))


@settings(deadline=None)
@given(TICKS)
def test_an_experiment_ends_once_within_its_time_and_promotes_only_after_every_step(
    ticks: list[tuple[tuple[str, ...] | None, int]],
) -> None:
    history = lived(ticks)
    engine = history.engine
    assert (engine.phase is Phase.ENDED) is (engine.verdict is not None)
    if engine.verdict is None:
        assert history.now < engine.definition.timebox
    elif engine.verdict.outcome is Outcome.PROMOTE:
        assert engine.step == len(engine.definition.steps) - 1
        counted = sum(ended - begun for begun, ended in history.windows)
        assert counted >= sum(step.duration for step in engine.definition.steps)
