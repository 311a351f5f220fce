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
    """What version 2, as the faulty payment service, reads from its environment; empty for the good version."""
    baseline: Mapping[str, str] = field(default_factory=dict)
    """The same of version 1."""


def _takes(seconds: float) -> Mapping[str, str]:
    return {"FAULT_DELAY_SHARE": "1", "FAULT_DELAY_SECONDS": str(seconds)}


CASES = (
    Case("same", "as good as the baseline (A/A)", Outcome.PROMOTE, 20),
    Case("errors-5", "5 % errors", Outcome.ROLL_BACK, 5, {"FAULT_ERROR_SHARE": "0.05"}),
    Case("errors-30", "30 % errors", Outcome.ROLL_BACK, 5, {"FAULT_ERROR_SHARE": "0.3"}),
    # Payment itself takes a millisecond of three; where a service takes most of the time, a quarter more shows.
    Case("slower-25", "+25 % latency: 25 ms for 20", Outcome.ROLL_BACK, 5, _takes(0.025), _takes(0.02)),
    Case("slower-100", "+100 % latency: 40 ms for 20", Outcome.ROLL_BACK, 5, _takes(0.04), _takes(0.02)),
    Case("crash", "crash loop", Outcome.ROLL_BACK, 5, {"FAULT_CRASH_AFTER_CALLS": "20"}),
    Case(
        "inside-200",
        "30 % gRPC errors inside 200",
        Outcome.ROLL_BACK,
        5,
        {"FAULT_ERROR_SHARE": "0.3", "FAULT_ERROR_PLACE": "after-headers"},
    ),
)
