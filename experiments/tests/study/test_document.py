"""What is committed of the study is what the study says."""

from __future__ import annotations

import math

import pytest

from study import document, grid, results
from study.__main__ import DOCS, RESULTS
from study.results import Results, Row
from study.run import AS_SHIPPED, OURS, simulated
from study.worlds import Cell, World

SEED = 7
"""Neither of those that the study uses: what it says is not luck of a seed."""


@pytest.fixture(scope="module")
def found() -> Results:
    return results.read(RESULTS)


def test_the_page_tells_what_was_found(found: Results) -> None:
    assert (DOCS / "canary-study.md").read_text() == document.text(found), "make canary-study TELL=1 tells it anew"


def test_every_cell_was_simulated_by_every_rule(found: Results) -> None:
    cells = [*grid.ALIKE, *grid.ALIKE_LATENCY, *grid.COLD, *grid.WORSE, *grid.WORSE_LATENCY]
    assert {row.cell for row in found.rows} == set(cells)
    assert all(len(found.of(cells, name)) == len(cells) for name in {row.rule for row in found.rows})


def committed(found: Results, cell: Cell, rule: str) -> Row:
    return found.of([cell], rule)[0]


@pytest.mark.parametrize(
    ("cell", "rule"),
    [
        (Cell(World.STEADY, 20.0, 0.005), OURS),
        (Cell(World.POD_BURSTS, 20.0, 0.005), OURS),
        (Cell(World.SHARED_BURSTS, 20.0, 0.02), OURS),
        (Cell(World.STREAMS, 2.0, 0.02), OURS),
        (Cell(World.STEADY, 2.0, 0.001, 0.05), OURS),
        (Cell(World.STEADY, 20.0, 0.001, 0.3), OURS),
        (Cell(World.STEADY, 20.0, 0.001, slower=1.5, latency=True), OURS),
        (Cell(World.STEADY, 20.0, 0.005), "Flagger, code"),
        (Cell(World.STEADY, 20.0, 0.02), "Flagger, documented"),
        (Cell(World.STEADY, 20.0, 0.001, 0.3), "Argo, documented"),
        (Cell(World.STEADY, 2.0, 0.001, 0.05), "Kayenta"),
    ],
    ids=lambda value: value.name if isinstance(value, Cell) else value,
)
def test_other_seeds_find_the_same_within_chance(found: Results, cell: Cell, rule: str) -> None:
    before = committed(found, cell, rule)
    again = simulated(cell, rule, AS_SHIPPED[rule], 150, SEED)
    for name in ("rolled_back", "promoted"):
        told, now = getattr(before, name), getattr(again, name)
        both = (told * before.runs + now * again.runs) / (before.runs + again.runs)
        spread = math.sqrt(both * (1 - both) * (1 / before.runs + 1 / again.runs))
        assert abs(told - now) <= 4 * spread, name
    if before.delay is not None and before.rolled_back > 0.6:
        assert again.delay == pytest.approx(before.delay, rel=0.2)


def test_good_candidates_are_left_alone_in_every_world(found: Results) -> None:
    """At most 1 %, or so few more that 1 % explains them: four standard deviations."""
    for row in found.of(grid.ALIKE, OURS):
        assert row.rolled_back <= 0.01 + 4 * math.sqrt(0.01 * 0.99 / row.runs), row
