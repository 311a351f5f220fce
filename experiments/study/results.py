"""What the study found, as it is kept beside the document."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from study.plan import Outcomes
from study.worlds import Cell, World


class Row(BaseModel):
    """What one rule made of one cell."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    world: World
    rate: float
    base: float
    errors: float | None
    slower: float
    stalls: float
    latency: bool
    rule: str
    runs: int
    rolled_back: float
    """Part of the runs, as the next two."""
    promoted: float
    invalid: float
    delay: float | None
    """Seconds until half of the runs were rolled back; None: they never were."""
    harm: float

    @property
    def cell(self) -> Cell:
        """Of which cell."""
        return Cell(self.world, self.rate, self.base, self.errors, self.slower, self.stalls, self.latency)


class Setting(BaseModel):
    """What one setting of a rule's knobs made of the cells for tuning."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    tool: str
    knobs: str
    worst: float
    """The highest part of false rollbacks in any cell."""
    harm: float
    """Geometric mean over the regressions."""
    delay: float
    """Mean over the regressions of the median delay; half an hour where it is not half of the runs."""
    chosen: bool


class Results(BaseModel):
    """All of it."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    settings: tuple[Setting, ...]
    rows: tuple[Row, ...]
    ablations: tuple[Row, ...]
    """The rule without one of its parts, which `rule` names."""

    def of(self, cells: Sequence[Cell], rule: str) -> list[Row]:
        """The rows of a rule, in the order of the cells."""
        found = {row.cell: row for row in self.rows if row.rule == rule}
        return [found[cell] for cell in cells]


def row(cell: Cell, rule: str, ended: Outcomes) -> Row:
    """Sums up the runs of one cell."""
    return Row(
        world=cell.world,
        rate=cell.rate,
        base=cell.base,
        errors=cell.errors,
        slower=cell.slower,
        stalls=cell.stalls,
        latency=cell.latency,
        rule=rule,
        runs=len(ended.harm),
        rolled_back=float(ended.is_rolled_back.mean()),
        promoted=float(ended.is_promoted.mean()),
        invalid=float(ended.is_invalid.mean()),
        delay=ended.delay if math.isfinite(ended.delay) else None,
        harm=round(float(ended.harm.mean()), 2),
    )


def read(path: Path) -> Results:
    """What was found last time."""
    return Results.model_validate_json(path.read_text())


def write(results: Results, path: Path) -> None:
    """Keeps it: a line for each row, so that a change can be read."""

    def lines(models: Sequence[BaseModel]) -> str:
        return ",\n".join(model.model_dump_json() for model in models)

    parts = {"settings": results.settings, "rows": results.rows, "ablations": results.ablations}
    path.write_text("{" + ",\n".join(f'"{name}": [\n{lines(part)}\n]' for name, part in parts.items()) + "}\n")
