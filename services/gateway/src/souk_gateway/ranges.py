"""Regular expressions for ranges of whole numbers: what JSON writes as a string has no other bounds."""

from __future__ import annotations

from collections.abc import Iterator


def pattern(low: int, high: int) -> str:
    """Takes exactly the numbers from `low` to `high`, both included, written without a plus or leading zeros."""
    parts = []
    if low < 0:
        parts.append(f"-({'|'.join(_between(max(1, -high), -low))})")
    if high >= 0:
        parts += _between(max(0, low), high)
    return f"^({'|'.join(parts)})$"


def _between(low: int, high: int) -> Iterator[str]:
    """One expression for each run of numbers that differ in one digit and then take any."""
    while low <= high:
        free = 0
        while low and low % 10 ** (free + 1) == 0 and low + 10 ** (free + 1) - 1 <= high:
            free += 1
        power = 10**free
        head, first = divmod(low // power, 10)
        last = min(9, first + (high - low + 1) // power - 1)
        digit = str(first) if first == last else f"[{first}-{last}]"
        yield f"{head or ''}{digit}" + {0: "", 1: "[0-9]"}.get(free, f"[0-9]{{{free}}}")
        low += (last - first + 1) * power
