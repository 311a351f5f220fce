"""What a report says, and that it needs nothing beside itself."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
from scipy.special import beta

from souk_canary import report
from souk_canary.counts import Arm
from souk_canary.definition import Definition
from souk_canary.record import BadRecord, Record, Version, read
from souk_canary.report.quantiles import quantile
from souk_canary.report.sequences import interval, sequence
from tests.test_runs import World, defined

BOUNDS = (0.1, 0.2, 0.4)


def recorded(world: World, definition: Definition) -> Record:
    return world.run(definition).record(
        "payment-1",
        definition,
        before={"v1": 90, "v2": 10},
        versions=(
            Version(subset="v1", labels={"version": "v1"}, images=("payment:1",), pods=1),
            Version(subset="v2", labels={"version": "v2"}, images=("payment:<2>",), pods=1),
        ),
        calls=None,
        environment={"place": "memory"},
    )


class Sources(HTMLParser):
    """Collects what a page would load."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found += [value for name, value in attrs if name in ("src", "href") and value]


@pytest.fixture(scope="module")
def bad() -> Record:
    slo = {"errors": "1%", "slow": {"than": "500ms", "at_most": "1%"}}
    return recorded(World({"v1": 0.001, "v2": 0.3}), defined(slo=slo))


def test_a_record_is_read_as_it_was_written(tmp_path: Path, bad: Record) -> None:
    report.write(bad, tmp_path / "payment-1")
    assert read(tmp_path / "payment-1" / report.RECORD) == bad
    assert report.records(tmp_path) == [bad]


def test_a_file_that_is_no_record_is_named(tmp_path: Path) -> None:
    path = tmp_path / "record.json"
    path.write_text("{}")
    with pytest.raises(BadRecord, match=r"record\.json: is no record of a run"):
        read(path)


def test_the_page_says_the_answer_and_why_and_loads_nothing(tmp_path: Path, bad: Record) -> None:
    page = report.write(bad, tmp_path).read_text()
    assert '<span class="verdict roll-back">ROLL BACK</span>' in page
    assert "attempts of the candidate were bad" in page
    assert "payment:&lt;2&gt;" in page
    sources = Sources()
    sources.feed(page)
    assert all(source.startswith("#") for source in sources.found)
    assert not re.search(r"@import|url\((?!#)", page)
    assert page.count("<svg") == 4


def test_what_failed_outside_of_windows_is_counted_among_the_failed(bad: Record) -> None:
    assert bad.failed == sum(each.window.candidate.bad for each in bad.windows) + bad.uncounted[1].bad
    assert bad.uncounted[1].bad > 0
    # While it settled, half a second of 300 requests a second went by, most of them to the baseline.
    assert bad.uncounted[0].attempts > 100


def test_a_run_without_a_window_has_a_page_too(tmp_path: Path) -> None:
    world = World()
    world.home.stuck = {"souk/order-1"}
    page = report.write(recorded(world, defined()), tmp_path).read_text()
    assert "No window was counted" in page
    assert "souk/order-1 did not take up" in page


def test_a_quantile_is_told_as_exactly_as_the_bounds_allow() -> None:
    arm = Arm(100, 0, (40, 4, 1))
    assert quantile(arm, BOUNDS, 0.5) == "under 100 ms"
    assert quantile(arm, BOUNDS, 0.95) == "100 ms to 200 ms"
    assert quantile(arm, BOUNDS, 0.99) == "200 ms to 400 ms"
    assert quantile(arm, BOUNDS, 0.999) == "over 400 ms"
    assert quantile(Arm(0, 0, (0, 0, 0)), BOUNDS, 0.5) == "–"


def test_an_interval_holds_the_observed_share_and_narrows() -> None:
    wide, narrow = interval(50, 5), interval(5000, 500)
    assert wide[0] < narrow[0] < 0.1 < narrow[1] < wide[1]
    assert interval(0, 0) == (0, 1)
    assert interval(100, 0)[0] == 0
    assert interval(100, 100)[1] == 1
    # Without a bad one, the equation can be solved for the upper end.
    assert interval(100, 0)[1] == pytest.approx(1 - (0.05 * beta(0.5, 100.5) / beta(0.5, 0.5)) ** (1 / 100))


def test_a_sequence_never_widens() -> None:
    bands = sequence([(50, 1), (50, 1), (50, 6), (50, 0)])
    for before, after in pairwise(bands):
        assert before[0] <= after[0] < after[1] <= before[1]


def test_a_sequence_misses_the_truth_at_any_time_in_fewer_than_one_of_twenty_runs() -> None:
    random = np.random.default_rng(1)
    runs, truth = 400, 0.03
    missed = 0
    for _ in range(runs):
        counts = [(20, int(bad)) for bad in random.binomial(20, truth, 60)]
        missed += any(not low <= truth <= high for low, high in sequence(counts))
    assert missed / runs < 0.05
