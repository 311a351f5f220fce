"""`python -m bench [NAME…]`: measures, keeps the figures, prints and draws them."""

from __future__ import annotations

import shutil
import signal
import sys
import tempfile
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console
from rich.table import Table

from bench import plots, results
from bench.machine import busy, machine
from bench.registry import Measurement, chosen
from bench.table import README, replaced, rows

PROGRAMS = {"h2load": "apt-get install nghttp2-client", "taskset": "apt-get install util-linux"}
_COLOURS = {"yes": "green", "no": "bold red"}


def main(names: Sequence[str]) -> int:
    """Measures what is named, or all; returns the exit code."""
    try:
        wanted = chosen(names)
    except ValueError as error:
        print(f"error: {error}", file=sys.stderr)
        return 2
    missing = [f"error: {name} is not installed\n  `{how}`" for name, how in PROGRAMS.items() if not shutil.which(name)]
    if missing:
        print("\n".join(missing), file=sys.stderr)
        return 2
    # As when it is interrupted: whatever was started is ended on the way out.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    console = Console(width=None if sys.stdout.isatty() else 120)
    failed = [each.name for each in wanted if not _measured(each, console)]
    figures = results.load()
    plots.draw(figures)
    README.write_text(replaced(README.read_text(), figures))
    _print(figures, console)
    if failed:
        console.print(f"not measured, see above: {', '.join(failed)}", style="bold red")
    return 1 if failed else 0


def _measured(measurement: Measurement, console: Console) -> bool:
    """Measures and keeps the figures; one that fails leaves those of the others."""
    console.print(f"{measurement.name} … (load average {busy():.1f})")
    try:
        with tempfile.TemporaryDirectory(prefix="bench-") as folder:
            new = measurement.measure(Path(folder))
    except Exception:  # whatever it was, the others shall be measured
        console.print_exception()
        return False
    for key, value in new.items():
        if isinstance(value, int | float):
            console.print(f"  {key} {value:.4g}")
    day = datetime.now(UTC).date().isoformat()
    results.save(results.merged(results.load(), new, machine(), day))
    return True


def _print(figures: results.Figures, console: Console) -> None:
    table = Table(title="What the platform costs")
    for name in ("key", "measured", "rounds", "floor", "holds?", "taken"):
        table.add_column(name, no_wrap=name != "floor")
    for row in rows(figures):
        colour = _COLOURS.get(row.holds, "dim")
        table.add_row(row.key, row.measured, row.spread, row.floor, f"[{colour}]{row.holds}[/]", row.taken)
    console.print(table)
    console.print(", ".join(f"{name} {value}" for name, value in machine().items()))


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
