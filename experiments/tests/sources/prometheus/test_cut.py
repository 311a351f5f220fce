"""Counters that were scraped at different moments are counted up to the same one."""

from __future__ import annotations

from souk_canary.sources.prometheus.api import Series
from souk_canary.sources.prometheus.counters import Cut, Place, first_scrapes, spacing

SINCE = {("pods", "a"): 0.0}


def test_a_counter_grows_evenly_between_two_samples() -> None:
    place = _cut(100).begin(_series((90, 50), (110, 70)))
    assert place == Place(90, 50, 0.0, 10)
    assert _cut(105).move(place, _series((90, 50), (110, 70))) == Place(90, 50, 0.0, 15)


def test_two_pods_scraped_at_different_moments_show_the_same_growth() -> None:
    early, late = _series((98, 0), (108, 100), (118, 200)), _series((93, 0), (103, 100), (113, 200))
    for series in (early, late):
        begun = _cut(105).begin(series)
        ended = _cut(112).move(begun, series)
        assert begun is not None
        assert ended is not None
        assert ended.counted - begun.counted == 70


def test_parts_of_events_are_given_away_whole_and_add_up() -> None:
    series = _series((100, 0), (110, 3))
    place, given = _cut(100).begin(series), []
    for moment in range(101, 111):
        before = place
        place = _cut(moment).move(place, series)
        assert before is not None
        assert place is not None
        given.append(place.counted - before.counted)
    assert (sum(given), set(given)) == (3, {0, 1})


def test_a_counter_that_is_no_longer_scraped_counts_as_far_as_it_was() -> None:
    series = _series((90, 0), (100, 8))
    assert _cut(150).move(_cut(95).begin(series), series) == Place(100, 8, 8.0, 8)


def test_a_counter_that_fell_was_begun_anew() -> None:
    series = _series((90, 100), (100, 3), (110, 5))
    assert _cut(110).move(_cut(90).begin(series), series) == Place(110, 5, 5.0, 5)


def test_a_sample_that_comes_late_corrects_nothing_that_was_given_away() -> None:
    place = _cut(105).move(_cut(100).begin(_series((100, 0), (106, 60))), _series((100, 0), (106, 60)))
    assert place is not None
    assert place.counted == 50
    # A sample of 103 that was on its way shows that the growth came after.
    corrected = _cut(105.1).move(place, _series((100, 0), (103, 0), (106, 60)))
    assert corrected is not None
    assert corrected.counted == 50


def test_a_counter_that_appears_grows_from_zero_if_its_target_was_scraped_before() -> None:
    assert _cut(110).move(None, _series((108, 6))) == Place(108, 6, 6.0, 6)
    assert _cut(103).move(None, _series((108, 6))) == Place(98, 0, 0.0, 3)


def test_a_counter_of_a_target_that_was_never_scraped_grows_from_what_it_had() -> None:
    strange = Cut(110, 10, {})
    assert strange.move(None, _series((108, 600))) == Place(108, 600, 0.0, 0)
    assert Cut(103, 10, {}).move(None, _series((108, 600))) is None


def test_a_failed_scrape_is_none() -> None:
    assert first_scrapes([_series((90, 0), (100, 1), (110, 1))]) == {("pods", "a"): 100}


def test_the_usual_spacing_is_that_of_the_slowest_and_no_gap() -> None:
    assert spacing([_series((0, 1), (5, 1), (10, 1), (70, 1)), _series((0, 1), (15, 1), (30, 1))]) == 15
    assert spacing([_series((0, 1))]) is None


def _cut(at: float) -> Cut:
    return Cut(at, spacing=10, scraped=SINCE)


def _series(*samples: tuple[float, float]) -> Series:
    return Series({"job": "pods", "instance": "a"}, samples)
