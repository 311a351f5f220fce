"""The figures as a table, for the terminal and for the README. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import cast

from bench.floors import KEYS, verdict
from bench.pages import Written
from bench.results import MACHINE, TAKEN, Figures, Value

README = Path(__file__).with_name("README.md")
_TABLE = Written(README, "<!-- results: written by `make bench` -->\n", "<!-- end of results -->\n")


@dataclass(frozen=True)
class Row:
    """One key."""

    key: str
    says: str
    measured: str
    spread: str
    floor: str
    holds: str
    taken: str


def rows(figures: Figures) -> Iterable[Row]:
    """Every key, measured or not."""
    taken = cast("Mapping[str, str]", figures.get(TAKEN, {}))
    for key in KEYS:
        yield Row(
            key.name,
            key.says,
            shown(figures.get(key.name)),
            shown(figures.get(f"{key.name}_spread")),
            key.floor.text,
            verdict(key, figures),
            taken.get(key.name, ""),
        )


def shown(value: Value | None) -> str:
    """A figure as a person reads it."""
    match value:
        case None:
            return ""
        case float() | int():
            return f"{value:,.0f}" if value >= 1000 else f"{value:.3g}"
        case list():
            return "–".join(shown(each) for each in value)
    return f"{len(value)} series"


def markdown(figures: Figures) -> str:
    """The table and the machine, for the README."""
    machine = cast("Mapping[str, str]", figures.get(MACHINE, {}))
    lines = ["| key | what | measured | rounds | floor | holds | taken |", "|---|---|---|---|---|---|---|"]
    lines += [
        f"| `{row.key}` | {row.says} | {row.measured} | {row.spread} | {row.floor} | {row.holds} | {row.taken} |"
        for row in rows(figures)
    ]
    about = ", ".join(f"{name} {value}" for name, value in machine.items())
    return "\n".join([*lines, "", f"Machine of the last run: {about}.", ""])


def replaced(readme: str, figures: Figures) -> str:
    """The README with this table in place of the one it has.

    Raises:
        ValueError: it has no place for one.
    """
    return _TABLE.replaced(readme, markdown(figures))
