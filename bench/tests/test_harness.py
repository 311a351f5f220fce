"""The harness: statistics, floors, merging, reading what the load generator says, and the README's table."""

from __future__ import annotations

import json
import sqlite3
from collections import Counter
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import pytest
from souk_gateway.transcoder import NAME as TRANSCODER

from bench import floors, results, table
from bench.fill import multiply
from bench.floors import KEYS, AtLeast, AtMost, Below, Flat, NoMoreThan
from bench.gateway_speed import without_transcoder
from bench.h2load import Unanswered, read
from bench.profile import CLIENT, SERVER, Span, Step, steps
from bench.registry import MEASUREMENTS, chosen
from bench.statistics import Comparison, Round, percentile

H2LOAD = """
finished in 1.02s, 9803.92 req/s, 1.20MB/s
requests: 10000 total, 10000 started, 10000 done, {succeeded} succeeded, 0 failed, 0 errored, 0 timeout
status codes: {succeeded} 2xx, 0 3xx, 0 4xx, 0 5xx
traffic: 1.22MB (1280123) total, 117.23KB (120043) headers (space savings 92.00%), 966.80KB ({data}) data
"""


def test_a_percentile_is_a_sample_and_of_few_samples_the_worst() -> None:
    assert percentile([3, 1, 2], 0.5) == 2
    assert percentile(range(1, 101), 0.99) == 99
    assert percentile([5, 7], 0.99) == 7


def test_nothing_measured_is_no_percentile() -> None:
    with pytest.raises(ValueError, match="no samples"):
        percentile([], 0.5)


def test_one_disturbed_round_does_not_move_a_ratio_and_is_seen_in_the_spread() -> None:
    calm = [Round(60, 100)] * 4
    compared = Comparison((*calm, Round(10, 100), Round(90, 100)))
    assert compared.ratio == 0.6
    assert compared.spread == (0.1, 0.9)


def test_what_slows_both_of_a_round_leaves_the_ratio_as_it_is() -> None:
    assert Comparison((Round(60, 100), Round(6, 10), Round(30, 50))).ratio == 0.6


def test_series_hold_their_bounds_only_if_every_point_does() -> None:
    floor = Below({"a": 30, "b": 250})
    assert floor.text == "a ≤ 30, b ≤ 250"
    assert floor.holds("growth", {"growth": {"a": [[1.0, 30.0]], "b": [[1.0, 250.0]], "c": [[1.0, 999.0]]}})
    assert not floor.holds("growth", {"growth": {"a": [[1.0, 30.0], [2.0, 31.0]], "b": [[1.0, 1.0]]}})


def test_new_figures_take_the_place_of_old_ones_and_the_others_keep_their_day() -> None:
    before = results.merged({}, {"up_seconds": 4.0, "growth": {"a": [[1.0, 2.0]]}}, {"cores": "2"}, "2026-01-01")
    after = results.merged(before, {"up_seconds": 3.0}, {"cores": "4"}, "2026-02-02")
    assert (after["up_seconds"], after["growth"]) == (3.0, {"a": [[1, 2]]})
    assert after["machine"] == {"cores": "4"}
    assert after["taken"] == {"up_seconds": "2026-02-02", "growth": "2026-01-01"}


def test_what_is_kept_is_read_again(tmp_path: Path) -> None:
    file = tmp_path / "results.json"
    assert results.load(file) == {}
    results.save({"up_seconds": 3.14159, "growth": {"a": [[1000, 0.123456]]}}, file)
    assert results.load(file) == {"up_seconds": 3.142, "growth": {"a": [[1000, 0.1235]]}}


@pytest.mark.parametrize(
    ("floor", "figures", "holds"),
    [
        (AtLeast(0.6), {"k": 0.6}, True),
        (AtLeast(0.6), {"k": 0.59}, False),
        (AtMost(5), {"k": 5.1}, False),
        (AtMost(100, 25, "sidecars"), {"k": 300, "sidecars": 8}, True),
        (AtMost(100, 25, "sidecars"), {"k": 301, "sidecars": 8}, False),
        (NoMoreThan("rest", 1.1), {"k": 110, "rest": 100}, True),
        (NoMoreThan("rest", 1.1), {"k": 111, "rest": 100}, False),
        (Flat("page_", 1.5), {"k": {"page_a": [[1, 2], [9, 3]], "other": [[1, 1], [9, 9]]}}, True),
        (Flat("page_", 1.5), {"k": {"page_a": [[1, 2], [9, 3]], "page_b": [[1, 2], [9, 4]]}}, False),
        (Flat("page_", 1.5), {"k": {"other": [[1, 1]]}}, False),
        (floors.Stated(), {"k": 1}, None),
    ],
)
def test_a_floor_holds_or_not(floor: floors.Floor, figures: results.Figures, holds: bool | None) -> None:
    assert floor.holds("k", figures) is holds
    assert floor.text


def test_an_answer_that_is_missing_makes_a_rate_worthless() -> None:
    assert read(H2LOAD.format(succeeded=10000, data=990000), answer_bytes=99).per_second == 9803.92
    with pytest.raises(Unanswered, match="9999 were answered"):
        read(H2LOAD.format(succeeded=9999, data=990000), answer_bytes=99)
    with pytest.raises(
        Unanswered, match="should be 990000"
    ):  # an error of gRPC is a success to HTTP, without a message
        read(H2LOAD.format(succeeded=10000, data=989901), answer_bytes=99)
    with pytest.raises(Unanswered, match="no figures"):
        read("unable to connect", answer_bytes=99)


def test_every_key_is_given_by_one_measurement() -> None:
    given = Counter(key for each in MEASUREMENTS for key in each.keys)
    assert set(given) == {key.name for key in KEYS}
    assert len(KEYS) == len(given)
    assert set(given.values()) == {1}


def test_a_measurement_is_chosen_by_its_name_or_a_key_of_it() -> None:
    assert list(chosen([])) == [each for each in MEASUREMENTS if not each.by_hand]
    assert [each.name for each in chosen(["chassis_vs_bare_sampled"])] == ["chassis_vs_bare"]
    with pytest.raises(ValueError, match="nothing measures swiftness"):
        chosen(["swiftness"])


def test_a_verdict_is_derived_and_what_was_not_measured_has_none() -> None:
    key = next(key for key in KEYS if key.name == "up_seconds")
    assert [floors.verdict(key, {"up_seconds": seconds}) for seconds in (5.0, 5.1)] == ["yes", "no"]
    assert floors.verdict(key, {}) == "not measured"


def test_the_table_of_the_readme_is_that_of_the_results() -> None:
    readme = table.README.read_text()
    assert table.replaced(readme, results.load()) == readme, "run `make bench`, or take the table from results.json"


def test_the_results_are_numbers_of_known_keys_or_explain_one() -> None:
    figures = json.loads(results.FILE.read_text())
    names = {key.name for key in KEYS}
    details = {key: value for key, value in figures.items() if key not in names}
    assert details.pop("machine")
    assert set(details.pop("taken")) == set(figures) - {"machine", "taken"}
    assert all(any(detail.startswith(name) for name in names) for detail in details)


def test_a_profile_divides_what_a_call_takes_into_its_way_and_its_callee() -> None:
    def span(name: str, parent: str, kind: int, begin: int, end: int) -> Span:
        service = {"a": "order", "b": "order", "c": "stock"}[name[0]]
        return Span("t", name, parent, {"a": "/s/Place"}.get(name[0], "/s/Take"), service, kind, begin, end)

    ms = 1_000_000
    spans = [
        span("a", "", SERVER, 0, 100 * ms),
        *(span(f"b{n}", "a", CLIENT, n * 10 * ms, (n * 10 + 8) * ms) for n in range(2)),
        *(span(f"c{n}", f"b{n}", SERVER, (n * 10 + 2) * ms, (n * 10 + 7) * ms) for n in range(2)),
    ]
    two = [*spans, *(replace(each, trace="u") for each in spans)]
    assert steps(two, "/s/Place") == [
        Step("Place in order", 0, 1, 100, 0, 84),
        Step("Take in stock", 1, 2, 8, 3, 5),
    ]


def test_a_row_is_copied_under_new_keys(tmp_path: Path) -> None:
    file = tmp_path / "test.db"
    with closing(sqlite3.connect(file)) as connection:
        connection.executescript("CREATE TABLE t(k TEXT PRIMARY KEY, v INT); INSERT INTO t VALUES ('a', 7);")
        multiply(file, "t", "k = 'a'", {"k": "'b' || n"}, range(5, 8))
        assert connection.execute("SELECT * FROM t").fetchall() == [("a", 7), ("b5", 7), ("b6", 7), ("b7", 7)]
    with pytest.raises(ValueError, match="t has 0 rows"):
        multiply(file, "t", "k = 'z'", {"k": "'y' || n"}, range(1))


def test_the_configuration_without_its_transcoder_has_nothing_of_it_left() -> None:
    chain: dict[str, object] = {
        "http_filters": [{"name": "a"}, {"name": TRANSCODER}],
        "per_filter": {TRANSCODER: 1, "a": 2},
    }
    assert without_transcoder(chain) == {"http_filters": [{"name": "a"}], "per_filter": {"a": 2}}
