"""Whole runs on a real API server, observed by a real Prometheus: the right outcome, and nothing left behind.

With KUBE=1. What pods do is played: by counters that move as the stored weights say. There are no proxies.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from threading import Event, Thread

import pytest
import yaml

from souk_canary import lease, routing
from souk_canary.clock import WallClock
from souk_canary.definition import Definition
from souk_canary.homes import HomeError
from souk_canary.homes.cluster import Cluster
from souk_canary.homes.writing import MANAGER
from souk_canary.record import Moment
from souk_canary.runner import Course, Runner
from souk_canary.sources.prometheus.queries import SERVICES, Subject, Version
from souk_canary.sources.prometheus.source import Prometheus
from souk_canary.steering import survey
from souk_canary.verdict import Outcome
from tests.homes.api_server import NAMESPACE, RULE, Line, edit, needed, owners, payments
from tests.memory import Listener
from tests.sources.prometheus.conftest import Begin, begin  # noqa: F401 (a fixture)
from tests.sources.prometheus.observing import handled
from tests.sources.prometheus.world import Pod, World, until

pytestmark = needed

BEFORE = {"v1": 100, "v2": 0}
RATE = 100


def defined(*, unseen: str = "20s", timebox: str = "5m") -> Definition:
    return Definition.model_validate(
        {
            "experiment": "payment",
            "service": "payment",
            "namespace": NAMESPACE,
            "baseline": "v1",
            "candidate": "v2",
            "steps": [{"percent": 30, "duration": "3s"}],
            "window": "1s",
            "settle": "2s",
            "timebox": timebox,
            "guards": {"unseen": unseen},
        },
        strict=False,
    )


class Shop(Listener):
    """A cluster with payments under traffic, and whoever waits for a moment of a run."""

    def __init__(self, world: World, line: Line) -> None:
        super().__init__()
        self.world = world
        self.line = line
        self.home = Cluster()
        self.errors = {"v1": 0, "v2": 0}
        """Of a hundred."""
        self.when_measured: Callable[[], None] = lambda: None
        self._over = Event()

    def told(self, moment: Moment) -> None:
        super().told(moment)
        if moment.text == "every proxy routes so":
            Thread(target=self.when_measured).start()

    def run(self, definition: Definition) -> Course:
        versions = (Version("v1", "v1"), Version("v2", "v2"))
        source = Prometheus(
            self.world.url, Subject(NAMESPACE, "payment", *versions), SERVICES, settle=definition.settle
        )
        traffic = Thread(target=self._traffic)
        traffic.start()
        try:
            return Runner(
                definition,
                ground=survey(self.home, definition),
                holder="payment-test",
                home=self.home,
                source=source,
                clock=WallClock(),
                audience=self,
            ).run()
        finally:
            self._over.set()
            traffic.join()

    @property
    def weights(self) -> routing.Weights:
        return routing.weights("payment", self.home.read(RULE))

    def is_blind(self) -> bool:
        """Whether the run has ever had nothing to see."""
        return any(text.startswith("nothing to see") for text in self.texts)

    def assert_nothing_is_left(self) -> None:
        assert lease.read(self.home.read(RULE)) is None
        assert MANAGER not in owners()

    def _traffic(self) -> None:
        """Calls as often as RATE says, split by the weights that were last seen."""
        weights, number = dict(BEFORE), 0
        eyes = Cluster()
        while not self._over.wait(0.2):
            with suppress(HomeError):  # proxies keep what they have
                weights = dict(routing.weights("payment", eyes.read(RULE)))
            for version, weight in weights.items():
                for _ in range(RATE * weight // 500):
                    number += 1
                    bad = number * 37 % 100 < self.errors[version]
                    handled(self.world.pod(f"payment-{version}-a"), "UNAVAILABLE" if bad else "OK")


@pytest.fixture
def shop(there: None, begin: Begin, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Shop]:  # noqa: F811
    world = begin(*(Pod(f"payment-{version}-a", "payment", version, NAMESPACE) for version in BEFORE))
    with payments(100, 0):
        line = Line(tmp_path)
        monkeypatch.setenv("KUBECONFIG", str(line.kubeconfig))
        yield Shop(world, line)
        line.close()


def outcome(course: Course) -> Outcome:
    assert course.verdict is not None
    return course.verdict.outcome


def test_a_bad_version_is_rolled_back(shop: Shop) -> None:
    shop.errors["v2"] = 30
    course = shop.run(defined())
    assert outcome(course) is Outcome.ROLL_BACK, course.verdict
    assert shop.weights == {"v1": 100, "v2": 0}
    shop.assert_nothing_is_left()


def test_a_good_version_gets_everything(shop: Shop) -> None:
    course = shop.run(defined())
    assert outcome(course) is Outcome.PROMOTE, course.verdict
    assert shop.weights == {"v1": 0, "v2": 100}
    shop.assert_nothing_is_left()


def test_weights_that_somebody_sets_stand(shop: Shop) -> None:
    shop.when_measured = lambda: edit("/spec/http/0/route/0/weight", 60)
    course = shop.run(defined())
    assert outcome(course) is Outcome.INVALID, course.verdict
    assert shop.weights == {"v1": 60, "v2": 30}
    shop.assert_nothing_is_left()


def test_an_api_server_that_is_away_for_a_while_changes_nothing_about_the_answer(shop: Shop) -> None:
    shop.errors["v2"] = 30

    def outage() -> None:
        with shop.line.cut():
            until(shop.is_blind, "the run notices")

    shop.when_measured = outage
    course = shop.run(defined())
    assert shop.is_blind()
    assert outcome(course) is Outcome.ROLL_BACK, course.verdict
    assert shop.weights == {"v1": 100, "v2": 0}
    shop.assert_nothing_is_left()


def test_an_api_server_that_stays_away_ends_the_run_and_the_weights_come_back_with_it(shop: Shop) -> None:

    def outage() -> None:
        with shop.line.cut():
            until(lambda: any(text.startswith("INCONCLUSIVE") for text in shop.texts), "the run has ended", 60)

    shop.when_measured = outage
    course = shop.run(defined(unseen="4s"))
    assert outcome(course) is Outcome.INCONCLUSIVE, course.verdict
    assert course.problems == []
    assert shop.weights == BEFORE
    shop.assert_nothing_is_left()


def test_a_prometheus_that_is_away_for_a_while_changes_nothing_about_the_answer(shop: Shop) -> None:
    shop.errors["v2"] = 30

    def outage() -> None:
        shop.world.end()
        until(shop.is_blind, "the run notices")
        shop.world.begin()

    shop.when_measured = outage
    course = shop.run(defined())
    assert shop.is_blind()
    assert outcome(course) is Outcome.ROLL_BACK, course.verdict
    shop.assert_nothing_is_left()


def test_a_prometheus_that_stays_away_ends_the_run_without_an_answer(shop: Shop) -> None:
    shop.when_measured = shop.world.end
    course = shop.run(defined(unseen="4s"))
    assert outcome(course) is Outcome.INCONCLUSIVE, course.verdict
    assert "Prometheus" in course.verdict.why  # type: ignore[union-attr] # it has one
    assert shop.weights == BEFORE
    shop.assert_nothing_is_left()


def test_a_run_that_is_killed_is_undone_by_its_guardian(shop: Shop, tmp_path: Path) -> None:
    written = tmp_path / "payment.yaml"
    written.write_text(yaml.safe_dump(defined(timebox="5m").model_dump(mode="json", exclude_none=True)))
    tool = [str(Path(sys.executable).with_name("souk-canary")), "run", str(written), "--context", ""]
    told = ["--prometheus", shop.world.url, "--metrics", "services", "--reports", str(tmp_path)]
    with subprocess.Popen([*tool, *told], stdout=subprocess.DEVNULL) as process:
        until(lambda: shop.weights == {"v1": 70, "v2": 30}, "the run has begun", 60)
        process.kill()
    until(lambda: shop.weights == BEFORE, "the guardian has put the weights back", 60)
    until(lambda: MANAGER not in owners(), "it has given up what it wrote", 60)
    shop.assert_nothing_is_left()
