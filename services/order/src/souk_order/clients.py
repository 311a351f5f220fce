"""The services that a checkout asks: what it needs of each, and how that is asked over gRPC."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Protocol, TypeVar

import grpc
from souk.catalog.v1 import catalog_pb2
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from souk.inventory.v1 import inventory_pb2
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceStub
from souk.payment.v1 import payment_pb2
from souk.payment.v1.payment_pb2_grpc import PaymentServiceStub
from souk_chassis.errors import Refused, refusal
from souk_chassis.money import Money

from souk_order.domain import Line, Order
from souk_order.saga import Done, Outcome, Refusal, Unclear

# What a service says about the request itself: it will say so again. Everything else may pass, even PERMISSION_DENIED,
# which a proxy answers while a policy is wrong.
_FINAL = {
    grpc.StatusCode.FAILED_PRECONDITION,
    grpc.StatusCode.NOT_FOUND,
    grpc.StatusCode.INVALID_ARGUMENT,
    grpc.StatusCode.ALREADY_EXISTS,
    grpc.StatusCode.OUT_OF_RANGE,
}
_State = payment_pb2.Payment.State
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Call:
    """What every step sends along."""

    request_id: str
    seconds: float
    """How long to wait for the answer."""


class Catalog(Protocol):
    """Knows the prices."""

    def prices(self, products: Sequence[str]) -> Mapping[str, Money]:
        """The prices of these products.

        Raises:
            Refused: PRODUCT_NOT_FOUND.
        """


class Inventory(Protocol):
    """Sets stock aside."""

    def reserve(self, order: Order, hold: timedelta, call: Call) -> Outcome:
        """Sets all lines aside for so long, or extends the hold to that; zero is the inventory's default."""

    def commit(self, order: Order, call: Call) -> Outcome:
        """Sells what was set aside."""

    def release(self, order: Order, call: Call) -> Outcome:
        """Gives back what was set aside or sold; from then on a reservation of this name is refused."""


class Payments(Protocol):
    """Charges the customer."""

    def authorize(self, order: Order, card_token: str, call: Call) -> Outcome:
        """Holds the total."""

    def capture(self, order: Order, call: Call) -> Outcome:
        """Takes what is held."""

    def void(self, order: Order, call: Call) -> Outcome:
        """Gives up the hold; from then on an authorization of this name is refused."""

    def refund(self, order: Order, call: Call) -> Outcome:
        """Gives back what was taken."""


class GrpcCatalog:
    """The catalog service."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = CatalogServiceStub(channel)

    def prices(self, products: Sequence[str]) -> Mapping[str, Money]:
        """Asks for all of them at once."""
        try:
            found = self._stub.BatchGetProducts(catalog_pb2.BatchGetProductsRequest(names=products))
        except grpc.RpcError as error:
            refused = refusal(error)
            if refused.reason == "PRODUCT_NOT_FOUND":
                raise refused from error
            raise
        prices = {product.name: Money.from_proto(product.price) for product in found.products}
        for product in products:
            if product not in prices:
                message = f"{product} is not in the catalog"
                raise Refused(
                    "PRODUCT_NOT_FOUND", message, code=grpc.StatusCode.NOT_FOUND, metadata={"product": product}
                )
        return prices


class GrpcInventory:
    """The inventory service."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = InventoryServiceStub(channel)

    def reserve(self, order: Order, hold: timedelta, call: Call) -> Outcome:
        """Asks for the reservation that has the name of the order."""
        request = inventory_pb2.ReserveStockRequest(
            name=order.reservation,
            lines=[_reservation_line(line) for line in order.lines],
            hold_seconds=round(hold.total_seconds()),
            request_id=call.request_id,
        )
        return _outcome(lambda: self._stub.ReserveStock(request, timeout=call.seconds), lambda _: Done())

    def commit(self, order: Order, call: Call) -> Outcome:
        """Asks to commit it."""
        request = inventory_pb2.CommitReservationRequest(name=order.reservation, request_id=call.request_id)
        return _outcome(lambda: self._stub.CommitReservation(request, timeout=call.seconds), lambda _: Done())

    def release(self, order: Order, call: Call) -> Outcome:
        """Asks to release it."""
        request = inventory_pb2.ReleaseReservationRequest(name=order.reservation, request_id=call.request_id)
        return _outcome(lambda: self._stub.ReleaseReservation(request, timeout=call.seconds), lambda _: Done())


class GrpcPayments:
    """The payment service."""

    def __init__(self, channel: grpc.Channel) -> None:
        self._stub = PaymentServiceStub(channel)

    def authorize(self, order: Order, card_token: str, call: Call) -> Outcome:
        """Asks for the payment that has the name of the order."""
        request = payment_pb2.AuthorizePaymentRequest(
            name=order.payment,
            order=order.name,
            amount=order.total.to_proto(),
            card_token=card_token,
            request_id=call.request_id,
        )
        return _outcome(lambda: self._stub.AuthorizePayment(request, timeout=call.seconds), _payment)

    def capture(self, order: Order, call: Call) -> Outcome:
        """Asks to capture it."""
        request = payment_pb2.CapturePaymentRequest(name=order.payment, request_id=call.request_id)
        return _outcome(lambda: self._stub.CapturePayment(request, timeout=call.seconds), _payment)

    def void(self, order: Order, call: Call) -> Outcome:
        """Asks to void it."""
        request = payment_pb2.VoidPaymentRequest(name=order.payment, request_id=call.request_id)
        return _outcome(lambda: self._stub.VoidPayment(request, timeout=call.seconds), _payment)

    def refund(self, order: Order, call: Call) -> Outcome:
        """Asks to refund it."""
        request = payment_pb2.RefundPaymentRequest(name=order.payment, request_id=call.request_id)
        return _outcome(lambda: self._stub.RefundPayment(request, timeout=call.seconds), _payment)


def _outcome(ask: Callable[[], Answer], judge: Callable[[Answer], Outcome]) -> Outcome:
    try:
        answer = ask()
    except grpc.RpcError as error:
        refused = refusal(error)
        # Without a reason it is a proxy that speaks: it can't know what the service did.
        if refused.reason and refused.code in _FINAL:
            return Refusal(refused.reason, refused.message)
        return Unclear(f"{refused.code.name} {refused.reason}".rstrip())
    return judge(answer)


def _payment(payment: payment_pb2.Payment) -> Outcome:
    if payment.state == _State.STATE_PENDING:
        return Unclear("the acquirer's answer is not known yet")
    return Done(payment.statement_descriptor)


def _reservation_line(line: Line) -> inventory_pb2.ReservationLine:
    return inventory_pb2.ReservationLine(product=line.product, quantity=line.quantity)
