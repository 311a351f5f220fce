"""Tables for people, and plain columns where nobody looks."""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence

from rich import box
from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 240
"""Columns for output that goes to a file or another program: nothing should be cut there."""


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows under headings."""
    console = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def weights(split: Mapping[str, int]) -> str:
    """A split, as `souk split` takes it."""
    return " ".join(f"{subset}={weight}" for subset, weight in split.items())
