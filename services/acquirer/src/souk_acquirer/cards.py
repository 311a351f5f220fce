"""The test cards: each token stands for one way in which a bank can behave. The README has them as a table."""

from dataclasses import dataclass
from datetime import timedelta
from enum import Enum


class Conduct(Enum):
    """What the bank does with a request, besides what its rules say."""

    ANSWER = "answer"
    FAIL = "fail before any effect"
    FAIL_ONCE = "fail before any effect at the first attempt for a charge"
    KEEP_SILENT_ONCE = "do it, and keep the first answer back until the caller has given up"

    @property
    def counts_attempts(self) -> bool:
        """Whether it depends on how often it was tried before."""
        return self in (Conduct.FAIL_ONCE, Conduct.KEEP_SILENT_ONCE)


@dataclass(frozen=True)
class Card:
    """How the bank treats one card."""

    decline_reason: str = ""
    delay: timedelta = timedelta()
    authorizing: Conduct = Conduct.ANSWER
    capturing: Conduct = Conduct.ANSWER


_ORDINARY = Card()
_SPECIAL = {
    "tok_declined": Card(decline_reason="INSUFFICIENT_FUNDS: the account does not cover the amount"),
    "tok_slow": Card(delay=timedelta(milliseconds=500)),
    "tok_unavailable": Card(authorizing=Conduct.FAIL),
    "tok_flaky": Card(authorizing=Conduct.FAIL_ONCE),
    "tok_charge_then_timeout": Card(authorizing=Conduct.KEEP_SILENT_ONCE),
    "tok_capture_fails_once": Card(capturing=Conduct.FAIL_ONCE),
}
KNOWN = ("tok_visa", *_SPECIAL)


def card(token: str) -> Card:
    """The card behind a token; one that is not listed is an ordinary card, as `tok_visa` is."""
    return _SPECIAL.get(token, _ORDINARY)
