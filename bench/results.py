"""`results.json`: what was measured last, each key with the day it was taken. Pure but for reading and writing it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TypeAlias, cast

FILE = Path(__file__).with_name("results.json")
MACHINE, TAKEN = "machine", "taken"
"""The two keys that are no figures: where it was measured, and when, by key."""

Series: TypeAlias = list[list[float]]
"""Points of a plot: x, y."""
Value: TypeAlias = float | list[float] | Mapping[str, Series] | Mapping[str, str] | Mapping[str, float]
Figures: TypeAlias = Mapping[str, Value]


def load(file: Path = FILE) -> dict[str, Value]:
    """All figures that there are; none if nothing was measured yet."""
    return cast("dict[str, Value]", json.loads(file.read_text())) if file.exists() else {}


def merged(before: Figures, new: Figures, machine: Mapping[str, str], day: str) -> dict[str, Value]:
    """What was known before with the new figures in place of the old, each under the day it was taken."""
    taken = {**cast("Mapping[str, str]", before.get(TAKEN, {})), **dict.fromkeys(new, day)}
    figures = {**before, **new}
    ordered = {key: figures[key] for key in sorted(figures) if key not in (MACHINE, TAKEN)}
    return {MACHINE: dict(machine), **ordered, TAKEN: {key: taken[key] for key in sorted(taken) if key in ordered}}


def save(figures: Figures, file: Path = FILE) -> None:
    """Writes them; a number with the digits that mean something."""
    file.write_text(json.dumps(_rounded(figures), indent=1, ensure_ascii=False) + "\n")


def _rounded(value: object) -> object:
    match value:
        case float():
            return float(f"{value:.4g}")
        case Mapping():
            return {key: _rounded(each) for key, each in value.items()}
        case list() | tuple():
            return [_rounded(each) for each in value]
    return value
