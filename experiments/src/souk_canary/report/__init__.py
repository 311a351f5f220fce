"""The report of a run: one HTML file that needs nothing else, beside the record that it was made from."""

from __future__ import annotations

from pathlib import Path

from souk_canary.record import Record, read

RECORD = "record.json"
REPORT = "report.html"


def write(record: Record, folder: Path) -> Path:
    """Writes a run's record and its report, and returns where the report is."""
    from souk_canary.report.page import page  # noqa: PLC0415 (matplotlib takes half a second that a run has no use for)

    folder.mkdir(parents=True, exist_ok=True)
    (folder / RECORD).write_text(record.model_dump_json(indent=1))
    report = folder / REPORT
    report.write_text(page(record))
    return report


def records(folder: Path) -> list[Record]:
    """The runs that have left a record, oldest first.

    Raises:
        BadRecord: one of the files is none.
    """
    return sorted((read(path) for path in folder.glob(f"*/{RECORD}")), key=lambda record: record.begun)
