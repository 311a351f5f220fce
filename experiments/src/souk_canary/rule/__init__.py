"""The rule that judges: anytime-valid evidence from counts, without I/O.

judge = Judge.start(criteria, source.bounds)
judge = judge.after(window)
judge.opinion
"""

from souk_canary.rule.criteria import Criteria, LatencyLimit, Proof
from souk_canary.rule.judge import BadCriteria, Evidence, Judge, Opinion

__all__ = ["BadCriteria", "Criteria", "Evidence", "Judge", "LatencyLimit", "Opinion", "Proof"]
