"""The port to whoever moves the money, and the adapter for souk.acquirer.v1."""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Protocol

import grpc
import structlog
from souk.acquirer.v1 import acquirer_pb2, acquirer_pb2_grpc
from souk_chassis.errors import Refused, refusal
from souk_chassis.money import Money

_log = structlog.get_logger(__name__)


class Verdict(Enum):
    """What an acquirer can say."""

    DONE = "done"
    DECLINED = "declined by the bank"
    IMPOSSIBLE = "the charge is in no state for it"


@dataclass(frozen=True)
class Answer:
    """A verdict, in the acquirer's words unless it is DONE."""

    verdict: Verdict
    words: str = ""


@dataclass(frozen=True)
class Hold:
    """What an acquirer needs to know to hold an amount."""

    reference: str
    amount: Money
    card_token: str = field(repr=False)
    statement_descriptor: str


class Acquirer(Protocol):
    """Holds, takes and gives back money.

    Every operation takes a key: the same key does one effect and gives the same answer. A void of what it does not
    know leaves a tombstone, so that a hold that is still on its way is refused.

    Each raises Refused ACQUIRER_UNAVAILABLE when its answer is not known: it may have done it or not.
    """

    def authorize(self, hold: Hold, key: str) -> Answer:
        """Holds an amount."""

    def capture(self, reference: str, key: str) -> Answer:
        """Takes what is held."""

    def void(self, reference: str, key: str) -> Answer:
        """Gives up a hold."""

    def refund(self, reference: str, key: str) -> Answer:
        """Gives back what was taken."""


# With these it has judged and done nothing. Every other failure leaves open what has happened.
_JUDGED = (grpc.StatusCode.FAILED_PRECONDITION, grpc.StatusCode.ALREADY_EXISTS, grpc.StatusCode.NOT_FOUND)


class GrpcAcquirer:
    """An acquirer that speaks souk.acquirer.v1. `patience` is how many seconds it may take to answer."""

    def __init__(self, channel: grpc.Channel, patience: float) -> None:
        self._stub = acquirer_pb2_grpc.AcquirerServiceStub(channel)
        self._patience = patience

    def authorize(self, hold: Hold, key: str) -> Answer:
        """Holds an amount."""
        request = acquirer_pb2.AuthorizeRequest(
            reference=hold.reference,
            amount=hold.amount.to_proto(),
            card_token=hold.card_token,
            statement_descriptor=hold.statement_descriptor,
            idempotency_key=key,
        )
        return self._ask("authorize", lambda: self._stub.Authorize(request, timeout=self._patience))

    def capture(self, reference: str, key: str) -> Answer:
        """Takes what is held."""
        request = acquirer_pb2.CaptureRequest(reference=reference, idempotency_key=key)
        return self._ask("capture", lambda: self._stub.Capture(request, timeout=self._patience))

    def void(self, reference: str, key: str) -> Answer:
        """Gives up a hold."""
        request = acquirer_pb2.VoidRequest(reference=reference, idempotency_key=key)
        return self._ask("void", lambda: self._stub.Void(request, timeout=self._patience))

    def refund(self, reference: str, key: str) -> Answer:
        """Gives back what was taken."""
        request = acquirer_pb2.RefundRequest(reference=reference, idempotency_key=key)
        return self._ask("refund", lambda: self._stub.Refund(request, timeout=self._patience))

    def _ask(self, operation: str, call: Callable[[], acquirer_pb2.Charge]) -> Answer:
        try:
            charge = call()
        except grpc.RpcError as error:
            return _judgement(operation, refusal(error))
        if operation == "authorize" and charge.state == acquirer_pb2.Charge.STATE_DECLINED:
            return Answer(Verdict.DECLINED, charge.decline_reason)
        return Answer(Verdict.DONE)


def _judgement(operation: str, said: Refused) -> Answer:
    if said.code in _JUDGED:
        return Answer(Verdict.IMPOSSIBLE, f"{said.reason}: {said.message}")
    _log.warning("acquirer gave no answer", operation=operation, code=said.code.name, reason=said.reason)
    raise Refused(
        "ACQUIRER_UNAVAILABLE",
        f"the acquirer did not answer ({said.code.name}); repeat the call, it does nothing twice",
        code=grpc.StatusCode.UNAVAILABLE,
    )
