"""How much memory processes take: their proportional share, so that what sidecars have in common counts once."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path


def proportional(pids: Iterable[int]) -> int:
    """Adds up the proportional set sizes of processes, in bytes; one that has just ended counts nothing."""
    return sum(map(_proportional, pids))


def _proportional(pid: int) -> int:
    try:
        text = Path(f"/proc/{pid}/smaps_rollup").read_text()
    except (FileNotFoundError, ProcessLookupError, PermissionError):
        return 0
    for line in text.splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024
    return 0
