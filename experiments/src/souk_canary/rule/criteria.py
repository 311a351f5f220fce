"""What an experiment judges by."""

from __future__ import annotations

import enum
from dataclasses import dataclass


class Proof(enum.Enum):
    """What has to be shown of a candidate before it is promoted."""

    EITHER = "either"
    """That it keeps the limit of errors, or that it fails less than `worst_ratio` times as often as the baseline."""
    BOTH = "both"


@dataclass(frozen=True)
class LatencyLimit:
    """At most this part of the attempts may take longer than this."""

    seconds: float
    part: float = 0.01


@dataclass(frozen=True)
class Criteria:
    """The criteria of one experiment, and how sure the answer has to be."""

    errors: float = 0.01
    """At most this part of the attempts may fail: the objective that a candidate shows to keep."""
    latency: LatencyLimit | None = None
    """What holds for latency whatever the baseline does. Without it, latency is compared with the baseline alone."""
    quick: float = 0.0
    """Who is answered within so many seconds is content: what takes less is not compared with the baseline. Two copies
    of one version differ by fractions of a millisecond, since the one with fewer requests is colder; given enough
    requests that is evidence, but of nothing that anybody asked about."""
    custom: tuple[str, ...] = ()
    """Names of the experiment's own counts of bad events; each is compared with the baseline's."""
    proof: Proof = Proof.EITHER
    worst_ratio: float = 2.0
    """A candidate that fails this many times as often as the baseline is never the same as it."""
    alpha: float = 0.01
    """At most this part of the runs of a good candidate may end in a rollback. All criteria share it equally."""
    beta: float = 0.05
    """At most this part of the runs of a candidate outside the objective may end in a promotion."""

    @property
    def names(self) -> tuple[str, ...]:
        """What evidence is gathered about."""
        return ("errors", "latency", *self.custom)

    @property
    def alpha_each(self) -> float:
        """The part of `alpha` that each criterion has."""
        return self.alpha / len(self.names)
