"""The runs that were recorded."""

from __future__ import annotations

from datetime import UTC
from pathlib import Path

from souk_mesh.cli.tables import print_table

from souk_canary import report as reports
from souk_canary.cli.failures import Failed
from souk_canary.cli.tables import weights
from souk_canary.record import Record, read


def show(folder: Path) -> None:
    """Lists them, the oldest first."""
    found = reports.records(folder)
    if not found:
        print(f"no run was recorded in {folder}")
        return
    print_table(("RUN", "BEGUN (UTC)", "OUTCOME", "AFTER", "WHY"), [_row(record) for record in found])


def report(run: str | None, folder: Path) -> None:
    """Writes a report anew."""
    if run is None:
        found = reports.records(folder)
        if not found:
            raise Failed(f"no run was recorded in {folder}\n  `souk canary run payment` makes one")
        record = found[-1]
    else:
        record = read(folder / run / reports.RECORD)
    conclude(record, reports.write(record, folder / record.run))


def conclude(record: Record, report: Path) -> None:
    """Says what came of a run, and where more about it is."""
    print(f"{record.verdict.outcome.value} after {record.length:.1f} s: {record.verdict.why}")
    candidate = record.definition.candidate
    print(f"  {candidate} failed {record.failed:,} attempts; weights at the end: {weights(record.after) or 'unknown'}")
    for problem in record.problems:
        print(f"  {problem}")
    print(f"  {report}")


def _row(record: Record) -> tuple[str, ...]:
    begun = f"{record.begun.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
    return (record.run, begun, record.verdict.outcome.value, f"{record.length:.1f} s", record.verdict.why)
