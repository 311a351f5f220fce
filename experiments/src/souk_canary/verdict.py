"""How an experiment can end."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Outcome(enum.Enum):
    """The answer. A script tells them apart by the exit code; 1 is left for what could not begin, 2 for wrong usage."""

    PROMOTE = "PROMOTE"
    """The candidate was shown to be good."""
    ROLL_BACK = "ROLL BACK"
    """The candidate was shown to be worse, or a guard was hit."""
    INCONCLUSIVE = "INCONCLUSIVE"
    """Neither was shown in time."""
    INVALID = "INVALID"
    """What was measured says nothing: requests were not split as was meant."""
    ABORTED = "ABORTED"
    """Somebody ended it."""

    @property
    def exit_code(self) -> int:
        """Of the command that ran the experiment."""
        return {"PROMOTE": 0, "ROLL BACK": 3, "INCONCLUSIVE": 4, "INVALID": 5, "ABORTED": 6}[self.value]


class Destination(enum.Enum):
    """Where the requests go at the end."""

    CANDIDATE = "candidate"
    BASELINE = "baseline"
    BEFORE = "before"
    """As they went before the experiment."""
    AS_IS = "hold"
    """As they go now: the weights are not touched."""


@dataclass(frozen=True)
class Verdict:
    """The answer, why, and what follows."""

    outcome: Outcome
    why: str
    """A sentence."""
    destination: Destination
