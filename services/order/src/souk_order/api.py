"""The RPCs of the order service: proto in, proto out."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import accumulate, takewhile
from threading import Event

import grpc
import structlog
from souk.order.v1 import order_pb2 as pb
from souk.order.v1.order_pb2_grpc import OrderServiceServicer
from souk_chassis import pages
from souk_chassis.clock import Clock, utc_now
from souk_chassis.deadline import DEFAULT_SECONDS, remaining
from souk_chassis.errors import Refused, to_status
from souk_chassis.idempotency import fingerprint_of, idempotent

from souk_order import saga
from souk_order.changes import Changes
from souk_order.checkout import Checkout
from souk_order.domain import Order, State, Wish
from souk_order.store import Cursor, OrderStore, Placing

SERVICE = pb.DESCRIPTOR.services_by_name["OrderService"].full_name

# To note the last outcome, give up the lease and answer, after the step that was cut short.
ANSWER_MARGIN = timedelta(seconds=0.2)
DEFAULT_PAGE, LARGEST_PAGE = 50, 1000
# A page may be shorter than asked for: clients take messages of 4 MiB, and JSON buffers on the way often only 1 MiB.
PAGE_BYTES = 512 * 1024
# A change made by another replica is seen after at most this long.
LOOK_SECONDS = 0.5

_STATES = {
    State.PENDING: pb.Order.STATE_PENDING,
    State.CONFIRMED: pb.Order.STATE_CONFIRMED,
    State.CANCELLING: pb.Order.STATE_CANCELLING,
    State.CANCELLED: pb.Order.STATE_CANCELLED,
}
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# The year 9999, in microseconds: as far as a timestamp goes.
_LATEST = 253_402_300_800_000_000
_log = structlog.get_logger(__name__)


class OrderApi(OrderServiceServicer):
    """Serves `souk.order.v1.OrderService`."""

    def __init__(
        self, store: OrderStore, checkout: Checkout, changes: Changes, *, draining: Event, clock: Clock = utc_now
    ) -> None:
        self._store = store
        self._checkout = checkout
        self._changes = changes
        self._draining = draining
        self._clock = clock

    def PlaceOrder(self, request: pb.PlaceOrderRequest, context: grpc.ServicerContext) -> pb.Order:
        """Places an order and sees it through, as far as time allows."""
        wishes = [Wish(line.product, line.quantity) for line in request.order.lines]
        placing = Placing(request.request_id, fingerprint_of(request), request.order.card_token)
        order = self._checkout.place(request.parent, wishes, placing, self._until(), context.is_active)
        _raise_if_refused(order)
        return to_proto(order)

    def GetOrder(self, request: pb.GetOrderRequest, _context: grpc.ServicerContext) -> pb.Order:
        """Reads one order."""
        return to_proto(self._store.get(request.name))

    def ListOrders(self, request: pb.ListOrdersRequest, _context: grpc.ServicerContext) -> pb.ListOrdersResponse:
        """Reads one page of a customer's orders."""
        size = min(request.page_size or DEFAULT_PAGE, LARGEST_PAGE)
        after = _cursor(pages.decode(request.page_token, query=request.parent))
        orders = self._store.list(request.parent, after, size + 1)
        found = [to_proto(order) for order in orders[:size]]
        fitting = sum(
            1 for _ in takewhile(lambda total: total <= PAGE_BYTES, accumulate(map(pb.Order.ByteSize, found)))
        )
        page = found[: max(1, fitting)]
        response = pb.ListOrdersResponse(orders=page)
        if len(page) < len(orders):
            last = orders[len(page) - 1]
            response.next_page_token = pages.encode((_micros(last.created_at), last.name), query=request.parent)
        return response

    def CancelOrder(self, request: pb.CancelOrderRequest, _context: grpc.ServicerContext) -> pb.Order:
        """Notes the wish, then sees the order through until it is cancelled, as far as time allows."""
        now = self._clock()
        with self._store.begin() as session:
            idempotent(
                session,
                method=f"{SERVICE}/CancelOrder",
                request=request,
                response_type=pb.Order,
                run=lambda: to_proto(self._store.cancel(session, request.name, partial(saga.cancel, now=now), now)),
            )
        self._changes.tell(request.name)
        return to_proto(self._checkout.see_through(request.name, self._until()))

    def WatchOrder(
        self, request: pb.WatchOrderRequest, context: grpc.ServicerContext
    ) -> Iterator[pb.WatchOrderResponse]:
        """Sends the order at each change."""
        with self._changes.of(request.name) as changed:
            context.add_callback(changed.set)
            sent = self._store.get(request.name)
            yield pb.WatchOrderResponse(order=to_proto(sent))
            try:
                while not sent.settled:
                    changed.wait(LOOK_SECONDS)
                    changed.clear()
                    if not context.is_active():
                        return
                    order = self._store.get(request.name)
                    if to_proto(order) != to_proto(sent):
                        yield pb.WatchOrderResponse(order=to_proto(order))
                    sent = order
                    if self._draining.is_set() and not sent.settled:
                        raise _draining()
            # From the first message on, an error is sent as a message: many clients can't read what comes after one.
            except Refused as refused:
                yield pb.WatchOrderResponse(error=to_status(refused))
            except Exception:
                _log.exception("watch failed", order=request.name)
                yield pb.WatchOrderResponse(error=to_status(_internal()))

    def _until(self) -> datetime:
        left = remaining()
        return self._clock() + timedelta(seconds=DEFAULT_SECONDS if left is None else left) - ANSWER_MARGIN


def to_proto(order: Order) -> pb.Order:
    """An order as customers see it."""
    progress = order.progress
    message = pb.Order(
        name=order.name,
        total=order.total.to_proto(),
        state=_STATES[order.state],
        cancel_reason=progress.cancel_reason,
        payment=order.payment if order.was_charged else "",
        statement_descriptor=progress.statement_descriptor,
    )
    message.create_time.FromDatetime(order.created_at)
    message.update_time.FromDatetime(order.updated_at)
    for line in order.lines:
        message.lines.add(product=line.product, quantity=line.quantity, unit_price=line.unit_price.to_proto())
    return message


def _raise_if_refused(order: Order) -> None:
    """An order that came to nothing is an error to who placed it. It stays refused: a repeated call gets the same."""
    progress = order.progress
    if progress.cancel_reason in ("", saga.CANCELLED_BY_CUSTOMER):
        return
    gave_up = progress.cancel_reason in saga.GAVE_UP
    # ABORTED asks for a new attempt of the whole, which here means: with a new request_id.
    code = grpc.StatusCode.ABORTED if gave_up else grpc.StatusCode.FAILED_PRECONDITION
    raise Refused(
        progress.cancel_reason,
        f"{order.name} is cancelled: {progress.cancel_message}",
        code=code,
        metadata={"order": order.name},
    )


def _cursor(values: tuple[str | int, ...]) -> Cursor | None:
    match values:
        case ():
            return None
        # Whoever makes a token by hand gets the sum right, but no order was placed then, or has such a name.
        case (int(micros), str(name)) if 0 <= micros < _LATEST and name.isprintable():
            return _EPOCH + timedelta(microseconds=micros), name
    raise pages.invalid_token()


def _micros(moment: datetime) -> int:
    return (moment - _EPOCH) // timedelta(microseconds=1)


def _draining() -> Refused:
    return Refused("DRAINING", "this replica is about to stop: watch again", code=grpc.StatusCode.UNAVAILABLE)


def _internal() -> Refused:
    return Refused("INTERNAL", "internal error", code=grpc.StatusCode.INTERNAL)
