"""How what a table shows is written."""

from __future__ import annotations

from collections.abc import Mapping


def weights(split: Mapping[str, int]) -> str:
    """A split, as `souk split` takes it."""
    return " ".join(f"{subset}={weight}" for subset, weight in split.items())
