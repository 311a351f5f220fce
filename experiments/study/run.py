"""Simulates everything that the document tells."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from itertools import product
from typing import Protocol
from unittest.mock import patch

import numpy as np

from souk_canary.rule import ratio, verdict, weighing
from souk_canary.rule.dispersion import Dispersion
from souk_canary.rule.floats import Floats
from souk_canary.rule.mismatch import Mismatch
from study import grid
from study.ours import Souk
from study.plan import Outcomes
from study.results import Results, Row, Setting, row
from study.rivals import Argo, Flagger, Kayenta
from study.worlds import WINDOW, WINDOWS, Cell, Traffic, World

OURS = "Souk"


class Rule(Protocol):
    """What decides about a candidate."""

    def judged(self, traffic: Traffic) -> Outcomes:
        """What runs came to."""


AS_SHIPPED: Mapping[str, Rule] = {
    OURS: Souk(),
    "Flagger, code": Flagger(checks=1),
    "Flagger, documented": Flagger(),
    "Argo, code": Argo(failures=0),
    "Argo, documented": Argo(),
    "Kayenta": Kayenta(),
}
SWEPT: Mapping[str, Sequence[Rule]] = {
    OURS: [Souk(alpha) for alpha in (0.001, 0.003, 0.01, 0.03, 0.1, 0.3)],
    "Flagger": [
        Flagger(success, checks) for success, checks in product((0.9, 0.95, 0.98, 0.99, 0.995, 0.999), (1, 2, 3, 5, 8))
    ],
    "Argo": [
        Argo(success, failures) for success, failures in product((0.9, 0.95, 0.98, 0.99, 0.995, 0.999), (0, 1, 2, 3))
    ],
    "Kayenta": [
        Kayenta(confidence, tolerance, every)
        for confidence, tolerance, every in product((0.9, 0.95, 0.98, 0.99, 0.998), (0.0, 0.25), (3, 5, 10))
    ],
}


def everything() -> Iterator[str | Results]:
    """Says what is going on, and at the end what was found."""
    settings: list[Setting] = []
    best: dict[str, Rule] = {}
    for tool, rules in SWEPT.items():
        yield f"knobs of {tool}: {len(rules)} settings"
        found, rule = swept(tool, rules)
        settings += found
        if tool != OURS:
            best[f"{tool}, best"] = rule
    rows: list[Row] = []
    for cells, runs in (
        (grid.ALIKE, (grid.ALIKE_RUNS, grid.RIVALS_RUNS)),
        (grid.ALIKE_LATENCY, (grid.ALIKE_RUNS, grid.RIVALS_RUNS)),
        (grid.COLD, (grid.ALIKE_RUNS, grid.RIVALS_RUNS)),
        (grid.WORSE, (grid.WORSE_RUNS, grid.WORSE_RUNS)),
        (grid.WORSE_LATENCY, (grid.WORSE_RUNS, grid.WORSE_RUNS)),
    ):
        for cell in cells:
            yield f"{cell.world.value}: {cell.name}"
            for name, rule in {**AS_SHIPPED, **best}.items():
                rows.append(simulated(cell, name, rule, runs[name != OURS], grid.REPORTED))
    yield "the rule without some of its parts"
    yield Results(settings=tuple(settings), rows=tuple(rows), ablations=tuple(ablations()))


def simulated(cell: Cell, name: str, rule: Rule, runs: int, seed: int) -> Row:
    """One rule in one cell. The seed is that of the cell and the rule, so that any row can be drawn alone."""
    words = f"{cell} {name}".encode()
    traffic = Traffic(cell, runs, np.random.SeedSequence([seed, *words]))
    return row(cell, name, rule.judged(traffic))


def swept(tool: str, rules: Sequence[Rule]) -> tuple[list[Setting], Rule]:
    """Every setting of a rule, and the best: the least harm of those with at most 1 % of false rollbacks in any
    cell, or the fewest false rollbacks where none has."""
    tried = []
    for rule in rules:
        alike = [simulated(cell, repr(rule), rule, grid.TUNING_RUNS, grid.TUNING) for cell in grid.TUNED_ALIKE]
        worse = [simulated(cell, repr(rule), rule, grid.TUNING_RUNS, grid.TUNING) for cell in grid.TUNED_WORSE]
        worst = max(each.rolled_back for each in alike)
        harm = math.exp(sum(math.log(each.harm + 1) for each in worse) / len(worse)) - 1
        delay = sum(each.delay or WINDOWS * WINDOW for each in worse) / len(worse)
        tried.append((worst, harm, delay, rule))
    chosen = min(tried, key=lambda each: (max(each[0], 0.01), each[1]))[3]
    return [
        Setting(
            tool=tool, knobs=repr(rule), worst=worst, harm=round(harm, 2), delay=round(delay, 1), chosen=rule is chosen
        )
        for worst, harm, delay, rule in tried
    ], chosen


def ablations() -> Iterator[Row]:
    """The rule, whole and without one of its parts, where that part matters."""
    low = [Cell(World.STEADY, 0.5, 0.001, 0.05), Cell(World.STEADY, 2.0, 0.001, 0.05)]
    bursts = [Cell(World.POD_BURSTS, 20.0, 0.005), Cell(World.ONE_REPLICA, 20.0, 0.005)]
    inside = [Cell(World.STEADY, 20.0, 0.001, 0.005), Cell(World.STEADY, 200.0, 0.001, 0.002)]
    streams = [Cell(World.STREAMS, rate, 0.02) for rate in (0.5, 2.0)]
    streams += [Cell(World.STREAMS, rate, 0.001, errors) for rate in (2.0, 20.0) for errors in (0.3, 0.7)]
    for name, cells in (
        ("", low + bursts + streams + inside),
        ("help at low traffic", low),
        ("dispersion in the bound", bursts),
        ("clumps in gross failure", streams),
        ("holding back", inside),
    ):
        with _without(name):
            for cell in cells:
                runs = grid.ALIKE_RUNS if cell.alike else grid.WORSE_RUNS
                yield simulated(cell, f"without {name}" if name else OURS, Souk(), runs, grid.REPORTED)


@contextmanager
def _without(part: str) -> Iterator[None]:
    """Takes a part out of the rule."""

    def constant(self: Dispersion) -> Floats:
        return np.full(self.squares.shape, math.log(4))

    if part == "help at low traffic":
        with patch.object(weighing, "ENOUGH", 0), patch.object(ratio, "ONE", math.log(3)):
            yield
    elif part == "dispersion in the bound":
        with patch.object(Dispersion, "cap", property(constant)):
            yield
    elif part == "clumps in gross failure":
        with patch.object(Mismatch, "clump", 1.0):
            yield
    elif part == "holding back":
        with patch.object(verdict, "UNLIKE", -math.inf), patch.object(verdict, "LEANING", math.inf):
            yield
    else:
        yield
