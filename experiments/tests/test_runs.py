"""Whole runs against a home and a source in memory: every outcome, and every fault on the way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta

import pytest

from souk_canary import lease
from souk_canary.definition import Definition
from souk_canary.homes import Document
from souk_canary.lease import Lease
from souk_canary.runner import Audience, Course, Runner
from souk_canary.steering import CannotBegin, survey
from souk_canary.verdict import Outcome
from tests.memory import RULE, Listener, MemoryHome, MemorySource, StepClock

BEFORE = {"v1": 90, "v2": 10}
GOOD = {"v1": 0.001, "v2": 0.001}


def defined(**changed: object) -> Definition:
    given: dict[str, object] = {
        "experiment": "payment",
        "service": "payment",
        "baseline": "v1",
        "candidate": "v2",
        "steps": [{"percent": 10, "duration": "6s"}, {"percent": 50, "duration": "6s"}],
        "window": "1s",
        "settle": "500ms",
        "timebox": "60s",
        "guards": {"unconfirmed": "5s", "unseen": "10s", "unready": "3s"},
    }
    return Definition.model_validate({**given, **changed}, strict=False)


class World:
    """A home, its traffic and a run's clock."""

    def __init__(
        self, errors: Mapping[str, float] = GOOD, rate: float = 300.0, before: Mapping[str, int] = BEFORE
    ) -> None:
        self.clock = StepClock()
        self.home = MemoryHome(before)
        self.source = MemorySource(self.clock, self.home, rate, errors)
        self.listener = Listener()

    def run(self, definition: Definition | None = None, audience: Audience | None = None) -> Course:
        definition = definition or defined()
        runner = Runner(
            definition,
            ground=survey(self.home, definition),
            holder="payment-1",
            home=self.home,
            source=self.source,
            clock=self.clock,
            audience=audience or self.listener,
        )
        return runner.run()

    def assert_nothing_is_left(self) -> None:
        assert self.home.annotations == {}
        assert not self.source.open


def outcome(course: Course) -> Outcome:
    assert course.verdict is not None
    return course.verdict.outcome


def why(course: Course) -> str:
    assert course.verdict is not None
    return course.verdict.why


def test_a_good_version_gets_everything() -> None:
    world = World()
    course = world.run()
    assert outcome(course) is Outcome.PROMOTE, why(course)
    assert world.home.weights == {"v1": 0, "v2": 100}
    assert [split.percent for split in course.splits] == [10, 50]
    assert world.home.released == [world.home.objects[RULE]]
    world.assert_nothing_is_left()


def test_a_good_version_keeps_what_it_had_where_somebody_else_promotes() -> None:
    world = World()
    assert outcome(world.run(defined(then={"promote": "before"}))) is Outcome.PROMOTE
    assert world.home.weights == BEFORE


def test_a_bad_version_gets_nothing_after_few_windows() -> None:
    world = World({"v1": 0.001, "v2": 0.3})
    course = world.run()
    assert outcome(course) is Outcome.ROLL_BACK
    assert world.home.weights == {"v1": 100, "v2": 0}
    assert course.length < 8
    world.assert_nothing_is_left()


def test_a_version_that_fails_grossly_is_rolled_back_after_its_first_window() -> None:
    world = World({"v1": 0.001, "v2": 0.9})
    course = world.run()
    assert outcome(course) is Outcome.ROLL_BACK
    assert len(course.windows) == 1


def test_with_too_few_requests_the_answer_says_how_many_are_missing_and_how_long_that_takes() -> None:
    world = World({"v1": 0.0, "v2": 0.0}, rate=4)
    course = world.run()
    assert outcome(course) is Outcome.INCONCLUSIVE
    assert "more requests to v2 needed (~" in why(course)
    assert world.home.weights == BEFORE
    world.assert_nothing_is_left()


def test_without_any_request_the_experiment_stays_at_its_first_step_and_is_inconclusive() -> None:
    world = World(rate=0)
    course = world.run()
    assert outcome(course) is Outcome.INCONCLUSIVE
    assert "and none come" in why(course)
    assert [split.percent for split in course.splits] == [10]


def test_an_inconclusive_run_can_hold_its_last_split() -> None:
    world = World({"v1": 0.0, "v2": 0.0}, rate=4)
    assert outcome(world.run(defined(then={"inconclusive": "hold"}))) is Outcome.INCONCLUSIVE
    assert world.home.weights == {"v1": 50, "v2": 50}
    world.assert_nothing_is_left()


def test_blue_green_switches_once_and_returns_by_itself_when_the_slo_breaks() -> None:
    definition = defined(steps=[{"percent": 100, "duration": "10s"}])
    world = World(before={"v1": 100})
    assert outcome(world.run(definition)) is Outcome.PROMOTE
    assert world.home.weights == {"v1": 0, "v2": 100}
    world = World({"v1": 0.001, "v2": 0.05}, before={"v1": 100})
    course = world.run(definition)
    assert outcome(course) is Outcome.ROLL_BACK, why(course)
    assert course.length < 10
    assert world.home.weights == {"v1": 100, "v2": 0}


def test_while_both_versions_fail_nothing_is_promoted_and_nothing_rolled_back() -> None:
    world = World({"v1": 0.4, "v2": 0.4})
    course = world.run(defined(timebox="20s"))
    assert outcome(course) is Outcome.INCONCLUSIVE
    assert "the baseline itself fails" in why(course)


@pytest.mark.parametrize("second", [0.3, 3.0, 9.0])
def test_who_interrupts_a_run_finds_the_weights_as_they_were_before(second: float) -> None:
    world = World()
    world.clock.at(second, world.clock.interrupt)
    course = world.run()
    assert outcome(course) is Outcome.ABORTED
    assert why(course) == "ended by SIGINT"
    assert course.length < second + 1
    assert world.home.weights == BEFORE
    world.assert_nothing_is_left()


def test_weights_that_somebody_else_sets_stand_and_the_run_is_invalid() -> None:
    world = World()
    world.clock.at(4.0, lambda: world.home.edit({"v1": 70, "v2": 30}))
    course = world.run()
    assert outcome(course) is Outcome.INVALID
    assert "somebody else changed the weights" in why(course)
    assert world.home.weights == {"v1": 70, "v2": 30}
    world.assert_nothing_is_left()


def test_weights_that_somebody_sets_just_before_the_end_stand_too() -> None:
    world = World()

    def edit() -> None:
        world.home.edit({"v1": 70, "v2": 30})
        world.clock.interrupt()

    world.clock.at(4.0, edit)
    assert outcome(world.run()) is Outcome.ABORTED
    assert world.home.weights == {"v1": 70, "v2": 30}
    world.assert_nothing_is_left()


def test_a_lease_that_is_taken_off_ends_the_run_and_it_touches_nothing_more() -> None:
    world = World()

    def abort() -> None:
        world.home.put("VirtualService", {"hosts": ["payment"], "http": world.home.objects[RULE]["spec"]["http"]})

    world.clock.at(4.0, abort)
    course = world.run()
    assert outcome(course) is Outcome.ABORTED
    assert world.home.weights == {"v1": 90, "v2": 10}
    world.assert_nothing_is_left()


def test_a_proxy_that_stays_on_old_weights_makes_the_run_invalid_and_no_window_counts() -> None:
    world = World()
    world.home.stuck = {"souk/order-1"}
    course = world.run()
    assert outcome(course) is Outcome.INVALID
    assert "souk/order-1 did not take up the weights within 5 s" in why(course)
    assert course.windows == []
    assert world.home.weights == BEFORE
    assert any("souk/order-1 did not take up v1=90 v2=10" in problem for problem in course.problems)


def test_a_proxy_that_falls_behind_spoils_the_window_and_not_the_run() -> None:
    world = World()
    world.clock.at(3.0, lambda: world.home.stuck.add("souk/order-1"))
    world.clock.at(5.0, world.home.stuck.clear)
    course = world.run()
    assert outcome(course) is Outcome.PROMOTE
    # Lost: what began before the proxy fell behind, and all until it had settled again.
    assert not [each for each in course.windows if each.window.ended > 3.2 and each.window.begun < 5.5]


def test_a_home_that_is_away_for_a_while_costs_windows_and_not_the_run() -> None:
    world = World()
    world.clock.at(3.0, lambda: setattr(world.home, "reachable", False))
    world.clock.at(7.0, lambda: setattr(world.home, "reachable", True))
    course = world.run()
    assert outcome(course) is Outcome.PROMOTE
    assert not [each for each in course.windows if each.window.ended > 3.2 and each.window.begun < 7.3]


def test_a_home_that_is_away_for_long_leaves_no_answer_and_gets_its_weights_back_when_it_returns() -> None:
    world = World()
    world.clock.at(3.0, lambda: setattr(world.home, "reachable", False))
    world.clock.at(40.0, lambda: setattr(world.home, "reachable", True))
    course = world.run()
    assert outcome(course) is Outcome.INCONCLUSIVE
    assert "nothing could be seen for 10 s: the home does not answer" in why(course)
    assert world.home.weights == BEFORE
    world.assert_nothing_is_left()


def test_a_home_that_is_away_now_and_then_is_not_away_for_long() -> None:
    world = World(rate=0)
    for second in range(3, 60, 4):
        world.clock.at(second, lambda: setattr(world.home, "reachable", False))
        world.clock.at(second + 2, lambda: setattr(world.home, "reachable", True))
    course = world.run()
    assert outcome(course) is Outcome.INCONCLUSIVE
    assert "no answer within 60 s" in why(course)


def test_a_source_that_says_nothing_is_neither_good_nor_bad() -> None:
    world = World()
    world.clock.at(3.0, lambda: setattr(world.source, "works", False))
    course = world.run()
    assert outcome(course) is Outcome.INCONCLUSIVE
    assert "nothing could be seen for 10 s: the source does not answer" in why(course)
    assert world.home.weights == BEFORE


def test_a_write_whose_answer_was_lost_is_our_own_and_nobody_elses() -> None:
    world = World(before={"v1": 100, "v2": 0})
    world.clock.at(5.0, lambda: setattr(world.home, "loses_answers", True))
    world.home.loses_answers = True
    assert outcome(world.run()) is Outcome.PROMOTE


def test_a_split_is_noted_and_settles_however_long_it_takes_to_look(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    confirmed = world.home.confirmed

    def slowly(document: Document) -> Sequence[str]:
        world.clock.wait(0.7)
        return confirmed(document)

    monkeypatch.setattr(world.home, "confirmed", slowly)
    course = world.run()
    assert [split.percent for split in course.splits] == [10, 50]
    assert course.windows[0].window.begun - course.splits[0].at >= 0.5


def test_a_split_is_noted_by_a_tool_that_is_itself_slow(monkeypatch: pytest.MonkeyPatch) -> None:
    world = World()
    now = world.clock.now

    def late() -> float:
        world.clock.wait(0.1)
        return now()

    monkeypatch.setattr(world.clock, "now", late)
    assert [split.percent for split in world.run(defined(settle="50ms")).splits] == [10, 50]


@pytest.mark.parametrize("second", [0.0, 4.0, 12.0])
def test_others_who_write_to_the_object_meanwhile_are_no_hindrance(second: float) -> None:
    world = World(before={"v1": 100, "v2": 0})
    world.clock.at(second, lambda: setattr(world.home, "meddlers", 5))
    world.home.meddlers = 3
    assert outcome(world.run()) is Outcome.PROMOTE
    world.assert_nothing_is_left()


def test_who_interrupts_while_others_write_finds_the_weights_as_they_were_too() -> None:
    world = World()

    def both() -> None:
        world.home.meddlers = 3
        world.clock.interrupt()

    world.clock.at(4.0, both)
    assert outcome(world.run()) is Outcome.ABORTED
    assert world.home.weights == BEFORE
    world.assert_nothing_is_left()


def test_a_candidate_that_crashes_is_rolled_back() -> None:
    world = World()
    world.home.restarts["v2"] = 5
    world.clock.at(3.0, lambda: world.home.restarts.update(v2=7))
    course = world.run()
    assert outcome(course) is Outcome.ROLL_BACK
    assert "its containers were restarted 2 times" in why(course)


def test_a_candidate_without_a_ready_pod_is_rolled_back_after_its_time() -> None:
    world = World()
    world.clock.at(3.0, lambda: world.home.ready.update(v2=0))
    course = world.run()
    assert outcome(course) is Outcome.ROLL_BACK
    assert why(course) == "v2 had no ready pod for 3 s"


def test_a_run_renews_its_lease() -> None:
    world = World(rate=0)
    untils: list[datetime] = []

    def shorten() -> None:
        held = lease.read(world.home.objects[RULE])
        assert held is not None
        untils.append(held.until)
        soon = held.model_copy(update={"until": datetime.now(UTC) + timedelta(seconds=5)})
        world.home.objects[RULE] = dict(lease.with_lease(world.home.objects[RULE], soon))

    world.clock.at(3.0, shorten)
    world.clock.at(9.0, shorten)
    world.run()
    assert untils[1] >= untils[0]


def held_by(pid: int, until: datetime, host: str = "elsewhere") -> Lease:
    return Lease(
        holder="payment-0",
        host=host,
        pid=pid,
        service="payment",
        until=until,
        before={"v1": 80, "v2": 20},
        written={"v1": 50, "v2": 50},
    )


def test_a_run_does_not_begin_beside_another() -> None:
    world = World()
    held = held_by(1, datetime.now(UTC) + timedelta(minutes=1))
    world.home.objects[RULE] = dict(lease.with_lease(world.home.objects[RULE], held))
    with pytest.raises(CannotBegin, match="the run payment-0 experiments with payment"):
        world.run()
    assert world.home.weights == BEFORE


def test_a_run_puts_back_what_a_dead_one_has_left_before_it_begins() -> None:
    world = World(before={"v1": 50, "v2": 50})
    held = held_by(1, datetime.now(UTC) - timedelta(seconds=1))
    world.home.objects[RULE] = dict(lease.with_lease(world.home.objects[RULE], held))
    world.run(defined(then={"promote": "before"}))
    assert world.home.weights == {"v1": 80, "v2": 20}
    world.assert_nothing_is_left()


def test_a_dead_runs_weights_are_not_put_back_over_somebodys_own() -> None:
    world = World(before={"v1": 70, "v2": 30})
    held = held_by(1, datetime.now(UTC) - timedelta(seconds=1))
    world.home.objects[RULE] = dict(lease.with_lease(world.home.objects[RULE], held))
    world.run(defined(then={"promote": "before"}))
    assert world.home.weights == {"v1": 70, "v2": 30}


def test_a_run_does_not_begin_without_a_ready_candidate() -> None:
    world = World()
    world.home.ready["v2"] = 0
    with pytest.raises(CannotBegin, match="no pod of payment v2 is ready"):
        world.run()


def test_a_run_does_not_begin_for_a_subset_that_is_not_defined() -> None:
    world = World()
    with pytest.raises(CannotBegin, match="payment has no subset v3\n  its DestinationRule defines: v1, v2"):
        world.run(defined(candidate="v3"))
