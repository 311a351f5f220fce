"""The servicer: proto in, proto out."""

import grpc
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp
from souk.payment.v1 import payment_pb2, payment_pb2_grpc
from souk_chassis.money import Money

from souk_payment.descriptor import Style
from souk_payment.domain import Payment, Wanted
from souk_payment.payments import Payments
from souk_payment.store import Claim

SERVICE = "souk.payment.v1.PaymentService"


class PaymentApi(payment_pb2_grpc.PaymentServiceServicer):
    """Serves souk.payment.v1.PaymentService, in the style and under the name of one version."""

    def __init__(self, payments: Payments, style: Style, version: str) -> None:
        self._payments = payments
        self._style = style
        self._version = version

    def AuthorizePayment(
        self, request: payment_pb2.AuthorizePaymentRequest, _context: grpc.ServicerContext
    ) -> payment_pb2.Payment:
        """Asks the acquirer to hold the amount."""
        wanted = Wanted(
            name=request.name,
            order=request.order,
            amount=Money.from_proto(request.amount),
            card_token=request.card_token,
            statement_descriptor=self._style.describe(request.order),
            processed_by=self._version,
        )
        return _to_proto(self._payments.authorize(wanted, _claim("AuthorizePayment", request)))

    def CapturePayment(
        self, request: payment_pb2.CapturePaymentRequest, _context: grpc.ServicerContext
    ) -> payment_pb2.Payment:
        """Takes the amount that is held."""
        return _to_proto(self._payments.capture(request.name, _claim("CapturePayment", request)))

    def VoidPayment(
        self, request: payment_pb2.VoidPaymentRequest, _context: grpc.ServicerContext
    ) -> payment_pb2.Payment:
        """Gives up the hold, or leaves a tombstone."""
        return _to_proto(self._payments.void(request.name, _claim("VoidPayment", request)))

    def RefundPayment(
        self, request: payment_pb2.RefundPaymentRequest, _context: grpc.ServicerContext
    ) -> payment_pb2.Payment:
        """Gives the captured amount back."""
        return _to_proto(self._payments.refund(request.name, _claim("RefundPayment", request)))

    def GetPayment(self, request: payment_pb2.GetPaymentRequest, _context: grpc.ServicerContext) -> payment_pb2.Payment:
        """Returns one payment."""
        return _to_proto(self._payments.get(request.name))


def _claim(method: str, request: Message) -> Claim:
    return Claim(f"{SERVICE}/{method}", request)


def _to_proto(payment: Payment) -> payment_pb2.Payment:
    create_time, update_time = Timestamp(), Timestamp()
    create_time.FromDatetime(payment.create_time)
    update_time.FromDatetime(payment.update_time)
    return payment_pb2.Payment(
        name=payment.name,
        order=payment.order,
        amount=payment.amount.to_proto() if payment.amount else None,
        state=f"STATE_{payment.state.value}",
        decline_reason=payment.decline_reason,
        statement_descriptor=payment.statement_descriptor,
        processed_by=payment.processed_by,
        create_time=create_time,
        update_time=update_time,
    )
