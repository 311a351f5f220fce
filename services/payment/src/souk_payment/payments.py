"""What each call does, step by step: write the intent, ask the acquirer, write what came of it.

A process that dies in between leaves the intent behind. Whoever repeats the call goes on from there, and the acquirer
recognizes the key, which derives from the payment's name and the operation.
"""

from collections.abc import Callable
from datetime import UTC, datetime

from souk_chassis.errors import Refused

from souk_payment import domain
from souk_payment.acquirer import Acquirer, Answer, Hold, Verdict
from souk_payment.domain import Intent, Payment, State, Wanted
from souk_payment.store import Claim, PaymentStore


class Payments:
    """Payments, and the acquirer behind them."""

    def __init__(self, store: PaymentStore, acquirer: Acquirer) -> None:
        self._store = store
        self._acquirer = acquirer

    def authorize(self, wanted: Wanted, claim: Claim) -> Payment:
        """Holds the amount. A void that comes while the acquirer is being asked wins."""
        name = wanted.name
        payment = self._store.begin(name, lambda found: domain.intend_authorize(found, wanted, _now()), claim)
        if payment.intent is not Intent.AUTHORIZE:
            return payment
        # The descriptor that was written, perhaps by another version: a key belongs to the payload it first came with.
        hold = Hold(name, wanted.amount, wanted.card_token, payment.statement_descriptor)
        answer = self._acquirer.authorize(hold, _key(name, "authorize"))
        payment = self._store.settle(name, lambda found: _authorized(domain.existing(found, name), answer))
        if payment.given_up:
            if answer.verdict is Verdict.DONE:
                # The void may have reached the acquirer before the hold did: void again, so under a key of its own.
                self._acquirer.void(name, _key(name, "void-late-hold"))
            raise domain.voided(payment)
        if payment.state is State.DECLINED:
            raise domain.declined(payment)
        if answer.verdict is Verdict.IMPOSSIBLE:
            raise _impossible(payment, answer)
        return payment

    def capture(self, name: str, claim: Claim) -> Payment:
        """Takes the amount that is held."""
        payment = self._store.begin(name, lambda found: domain.intend_capture(found, name), claim)
        return self._carry_out(payment, Intent.CAPTURE, self._acquirer.capture, domain.settle_capture)

    def void(self, name: str, claim: Claim) -> Payment:
        """Gives up the hold, or leaves a tombstone."""
        payment = self._store.begin(name, lambda found: domain.intend_void(found, name, _now()), claim)
        return self._carry_out(payment, Intent.VOID, self._acquirer.void, domain.settle_void)

    def refund(self, name: str, claim: Claim) -> Payment:
        """Gives the captured amount back."""
        payment = self._store.begin(name, lambda found: domain.intend_refund(found, name), claim)
        return self._carry_out(payment, Intent.REFUND, self._acquirer.refund, domain.settle_refund)

    def get(self, name: str) -> Payment:
        """The payment as it is."""
        return domain.existing(self._store.find(name), name)

    def _carry_out(
        self,
        payment: Payment,
        intent: Intent,
        ask: Callable[[str, str], Answer],
        settle: Callable[[Payment, datetime], Payment],
    ) -> Payment:
        if payment.intent is not intent:
            return payment  # it was done before
        name = payment.name
        answer = ask(name, _key(name, intent.value))
        if answer.verdict is Verdict.DONE:
            return self._store.settle(name, lambda found: settle(domain.existing(found, name), _now()))
        payment = self._store.settle(name, lambda found: domain.withdraw(domain.existing(found, name), intent))
        raise _impossible(payment, answer)


def _authorized(payment: Payment, answer: Answer) -> Payment:
    match answer.verdict:
        case Verdict.DONE:
            return domain.settle_hold(payment, _now())
        case Verdict.DECLINED:
            return domain.settle_decline(payment, answer.words, _now())
        case Verdict.IMPOSSIBLE:
            return payment


def _impossible(payment: Payment, answer: Answer) -> Refused:
    metadata = {"payment": payment.name, "state": payment.state.value}
    return Refused("ACQUIRER_REFUSED", f"{payment.name}: the acquirer says: {answer.words}", metadata=metadata)


def _key(name: str, operation: str) -> str:
    return f"{name}/{operation}"


def _now() -> datetime:
    return datetime.now(UTC)
