"""The servicer: proto in, proto out, and the conduct of the card between them."""

import hashlib
import time
from threading import Event
from typing import NoReturn

import grpc
from souk.acquirer.v1 import acquirer_pb2, acquirer_pb2_grpc
from souk_chassis.deadline import remaining
from souk_chassis.errors import Refused
from souk_chassis.money import Money, MoneyError

from souk_acquirer import domain
from souk_acquirer.cards import Conduct, card
from souk_acquirer.domain import Charge, State
from souk_acquirer.store import Ledger, Rule

SERVICE = "souk.acquirer.v1.AcquirerService"


Keyed = (
    acquirer_pb2.AuthorizeRequest | acquirer_pb2.CaptureRequest | acquirer_pb2.VoidRequest | acquirer_pb2.RefundRequest
)
"""A request that does something, under an idempotency key."""


class AcquirerApi(acquirer_pb2_grpc.AcquirerServiceServicer):
    """Serves souk.acquirer.v1.AcquirerService."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger

    def Authorize(self, request: acquirer_pb2.AuthorizeRequest, context: grpc.ServicerContext) -> acquirer_pb2.Charge:
        """Holds an amount, or says why the bank declines."""
        of = card(request.card_token)
        wanted = Charge(request.reference, State.HELD, _amount(request), request.card_token)
        attempt = self._attempt(request, "authorize", of.authorizing)
        charge = self._move(request, "authorize", lambda found: domain.authorize(found, wanted, of))
        if of.authorizing is Conduct.KEEP_SILENT_ONCE and attempt == 1:
            _keep_silent(context)
        time.sleep(of.delay.total_seconds())
        return _to_proto(charge)

    def Capture(self, request: acquirer_pb2.CaptureRequest, _context: grpc.ServicerContext) -> acquirer_pb2.Charge:
        """Takes what is held."""
        of = card(domain.existing(self._ledger.find(request.reference), request.reference).card_token)
        self._attempt(request, "capture", of.capturing)
        charge = self._move(request, "capture", lambda found: domain.capture(found, request.reference))
        time.sleep(of.delay.total_seconds())
        return _to_proto(charge)

    def Void(self, request: acquirer_pb2.VoidRequest, _context: grpc.ServicerContext) -> acquirer_pb2.Charge:
        """Gives up a hold, or leaves a tombstone."""
        return _to_proto(self._move(request, "void", lambda found: domain.void(found, request.reference)))

    def Refund(self, request: acquirer_pb2.RefundRequest, _context: grpc.ServicerContext) -> acquirer_pb2.Charge:
        """Gives back what was taken."""
        return _to_proto(self._move(request, "refund", lambda found: domain.refund(found, request.reference)))

    def GetCharge(self, request: acquirer_pb2.GetChargeRequest, _context: grpc.ServicerContext) -> acquirer_pb2.Charge:
        """Returns a charge as the ledger has it."""
        return _to_proto(domain.existing(self._ledger.find(request.reference), request.reference))

    def _attempt(self, request: Keyed, operation: str, conduct: Conduct) -> int:
        attempt = self._ledger.attempt(request.reference, operation) if conduct.counts_attempts else 1
        if conduct is Conduct.FAIL or (conduct is Conduct.FAIL_ONCE and attempt == 1):
            raise Refused("BANK_UNAVAILABLE", "the bank can't be reached", code=grpc.StatusCode.UNAVAILABLE)
        return attempt

    def _move(self, request: Keyed, operation: str, rule: Rule) -> Charge:
        # The operation counts, too: a key that was used to capture can't be used to void.
        payload = operation.encode() + b"\0" + request.SerializeToString(deterministic=True)
        fingerprint = hashlib.sha256(payload).digest()
        return self._ledger.move(request.idempotency_key, fingerprint, operation, request.reference, rule)


def _keep_silent(context: grpc.ServicerContext) -> NoReturn:
    gone = Event()
    if context.add_callback(gone.set):
        gone.wait(remaining())
    raise Refused("DEADLINE_EXCEEDED", "the bank does not answer", code=grpc.StatusCode.DEADLINE_EXCEEDED)


def _amount(request: acquirer_pb2.AuthorizeRequest) -> Money:
    try:
        return Money.from_proto(request.amount)
    except MoneyError as error:
        raise Refused("INVALID_AMOUNT", str(error), code=grpc.StatusCode.INVALID_ARGUMENT) from None


def _to_proto(charge: Charge) -> acquirer_pb2.Charge:
    return acquirer_pb2.Charge(
        reference=charge.reference,
        amount=charge.amount.to_proto() if charge.amount else None,
        state=f"STATE_{charge.state.value}",
        decline_reason=charge.decline_reason,
    )
