"""Each attempt counts once, whatever becomes of pods, scrapes and Prometheus between two looks."""

from __future__ import annotations

import random
from collections.abc import Callable

from souk_canary.sources import SourceError
from tests.sources.prometheus.conftest import Begin
from tests.sources.prometheus.observing import istio, observed, seen, subject
from tests.sources.prometheus.world import Pod, World, until


def test_nothing_is_lost_or_counted_twice_over_many_looks(world: World, v1: Pod, v2: Pod) -> None:
    generator, sent, told = random.Random(8), 0, 0
    with observed(world.url, subject(v2)) as source:
        for _ in range(12):  # looks fall between scrapes, and several into one
            if generator.random() < 0.5:
                world.scraped()
            for _ in range(generator.randrange(4)):
                times = generator.randrange(50)
                istio(v1, times, grpc_response_status=str(generator.choice((0, 5, 14))))
                sent += times
            told += source.take().baseline.attempts
        told += seen(world, source).baseline.attempts
    assert (told, sent > 100) == (sent, True)


def test_what_was_before_the_start_does_not_count(world: World, v1: Pod, v2: Pod) -> None:
    istio(v1, 1000, grpc_response_status="13")
    world.scraped()
    with observed(world.url, subject(v2)) as source:
        assert seen(world, source).baseline.attempts == 0


def test_without_traffic_there_are_no_attempts(world: World, v1: Pod, v2: Pod) -> None:
    with observed(world.url, subject(v2)) as source:
        counts = seen(world, source)
    assert (counts.baseline.attempts, counts.candidate.attempts, counts.candidate.codes) == (0, 0, {})


def test_a_restarted_counter_counts_from_zero(world: World, v1: Pod, v2: Pod) -> None:
    istio(v2, 100)
    world.scraped()
    with observed(world.url, subject(v2)) as source:
        istio(v2, 5)
        world.scraped()
        v2.restart()
        istio(v2, 3)
        assert seen(world, source).candidate.attempts == 8


def test_a_restart_that_overtakes_is_seen_if_it_was_scraped_between(world: World, v1: Pod, v2: Pod) -> None:
    istio(v2, 10)
    world.scraped()
    with observed(world.url, subject(v2)) as source:
        v2.restart()
        istio(v2, 1)
        world.scraped()
        istio(v2, 99)
        assert seen(world, source).candidate.attempts == 100


def test_the_first_errors_count_although_their_counter_is_new(world: World, v1: Pod, v2: Pod) -> None:
    istio(v2, 50)
    world.scraped()
    with observed(world.url, subject(v2)) as source:
        istio(v2, 3, grpc_response_status="14")
        assert seen(world, source).candidate.bad == 3


def test_the_first_requests_of_a_version_count(world: World, v1: Pod, v2: Pod) -> None:
    with observed(world.url, subject(v2)) as source:
        istio(v2, 4)
        assert seen(world, source).candidate.attempts == 4


def test_what_a_pod_did_before_it_was_ever_scraped_does_not_count(begin: Begin) -> None:
    v2 = Pod("payment-v2-a", "payment", "v2")
    v2.up = False
    istio(v2, 1000, grpc_response_status="13")
    world = begin(v2)
    with observed(world.url, subject(v2)) as source:
        v2.up = True
        world.scraped()
        istio(v2, 2)
        candidate = seen(world, source).candidate
    assert (candidate.attempts, candidate.bad) == (2, 0)


def test_scrapes_that_fail_for_a_while_lose_nothing(world: World, v1: Pod, v2: Pod) -> None:
    with observed(world.url, subject(v2)) as source:
        istio(v2, 5)
        world.scraped()
        v2.up = False
        istio(v2, 7)
        world.scraped()
        v2.up = True
        assert seen(world, source).candidate.attempts == 12


def test_a_version_that_is_no_longer_scraped_is_not_judged(world: World, v1: Pod, v2: Pod) -> None:
    istio(v1, 1)
    istio(v2, 1)
    world.scraped()
    with observed(world.url, subject(v2)) as source:
        v2.up = False
        until(lambda: _refused(source.take) is not None, "the source notices")
        assert f"{v2.app} v2" in str(_refused(source.take))


def test_a_sample_that_is_no_number_is_as_if_it_were_missing(world: World, v1: Pod, v2: Pod) -> None:
    istio(v2, 10)
    world.scraped()
    with observed(world.url, subject(v2)) as source:
        istio(v2, float("nan"))  # type: ignore[arg-type]
        world.scraped()
        v2.restart()
        istio(v2, 12)
        assert seen(world, source).candidate.attempts == 2


def _refused(take: Callable[[], object]) -> SourceError | None:
    try:
        take()
    except SourceError as error:
        return error
    return None
