"""Tables for people, and plain columns where nobody looks."""

from __future__ import annotations

import sys
from collections import defaultdict
from collections.abc import Sequence

from souk_mesh.control.messages import PodReport, StatusReply, UnenforcedReport

SHOWN_SUBJECTS = 3

PLAIN_WIDTH = 240
"""Columns for output that goes to a file or another program: nothing should be cut there."""


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Prints rows under headings, in colour where that helps."""
    from rich import box  # noqa: PLC0415
    from rich.console import Console  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    console = Console(width=None if sys.stdout.isatty() else PLAIN_WIDTH, highlight=False)
    table = Table(*columns, box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
    for row in rows:
        table.add_row(*row)
    console.print(table)


def print_pods(status: StatusReply) -> None:
    """Prints the pods of a mesh."""
    columns = ("POD", "VERSION", "READY", "STATUS", "RESTARTS", "AGE", "MEMORY", "ADDRESS", "APPLICATION")
    pods = sorted(status.pods, key=lambda pod: (pod.namespace, pod.workload, pod.name))
    print_table(columns, [_row(pod) for pod in pods])


def print_unenforced(reports: Sequence[UnenforcedReport]) -> None:
    """Prints what has no effect on this machine, by the reason for it."""
    print("\nNot enforced here")
    subjects: dict[str, list[str]] = defaultdict(list)
    for each in reports:
        subjects[each.reason].append(each.subject)
    for reason, named in subjects.items():
        more = f" and {len(named) - SHOWN_SUBJECTS} more" if len(named) > SHOWN_SUBJECTS else ""
        print(f"  {reason}\n    {', '.join(named[:SHOWN_SUBJECTS])}{more}")


def megabytes(size: int) -> str:
    """A size in memory, for people."""
    return f"{size / 1024 / 1024:.0f} MB"


def age(seconds: float) -> str:
    """A length of time, for people: `42s`, `7m`, `3h`, `2d`."""
    for unit, length in (("d", 86400), ("h", 3600), ("m", 60)):
        if seconds >= length:
            return f"{seconds / length:.0f}{unit}"
    return f"{seconds:.0f}s"


def _row(pod: PodReport) -> tuple[str, ...]:
    lasting = [each for each in pod.containers if each.phase != "Completed"]
    ready = f"{sum(each.ready for each in lasting)}/{len(lasting)}"
    return (
        pod.name,
        pod.version,
        ready,
        pod.phase,
        str(pod.restarts),
        age(pod.age),
        megabytes(pod.memory),
        pod.address,
        pod.application or "–",
    )
