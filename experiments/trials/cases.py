"""What is tried, and what should come of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from souk_canary.verdict import Outcome


@dataclass(frozen=True)
class Case:
    """A version of payment, made bad in one way or not at all."""

    name: str
    title: str
    expected: Outcome
    runs: int
    faults: Mapping[str, str] = field(default_factory=dict)
    """What the faulty payment service reads from its environment; empty for the good version."""


CASES = (
    Case("same", "as good as the baseline (A/A)", Outcome.PROMOTE, 20),
    Case("errors-5", "5 % errors", Outcome.ROLL_BACK, 5, {"FAULT_ERROR_SHARE": "0.05"}),
    Case("errors-30", "30 % errors", Outcome.ROLL_BACK, 5, {"FAULT_ERROR_SHARE": "0.3"}),
    Case("slower-25", "+25 % latency", Outcome.ROLL_BACK, 5, {"FAULT_SLOWDOWN": "1.25"}),
    Case("slower-100", "+100 % latency", Outcome.ROLL_BACK, 5, {"FAULT_SLOWDOWN": "2"}),
    Case("crash", "crash loop", Outcome.ROLL_BACK, 5, {"FAULT_CRASH_AFTER_CALLS": "20"}),
    Case(
        "inside-200",
        "30 % gRPC errors inside 200",
        Outcome.ROLL_BACK,
        5,
        {"FAULT_ERROR_SHARE": "0.3", "FAULT_ERROR_PLACE": "after-headers"},
    ),
)
