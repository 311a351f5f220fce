"""The inventory's RPCs: proto in, proto out."""

from collections.abc import Callable
from datetime import timedelta
from typing import TypeVar

import grpc
from souk.inventory.v1 import inventory_pb2 as pb
from souk.inventory.v1.inventory_pb2_grpc import InventoryServiceServicer
from souk_chassis.clock import Clock, utc_now
from souk_chassis.database import Database, Transaction
from souk_chassis.errors import Refused
from souk_chassis.idempotency import idempotent

from souk_inventory.domain import Line, Reservation, Shelf, State, Stock, tombstone
from souk_inventory.expiry import Expiry
from souk_inventory.store import Reservations, Stocks

SERVICE = pb.DESCRIPTOR.services_by_name["InventoryService"].full_name
DEFAULT_HOLD = timedelta(seconds=900)

_STATES = {
    State.HELD: pb.Reservation.STATE_HELD,
    State.COMMITTED: pb.Reservation.STATE_COMMITTED,
    State.RELEASED: pb.Reservation.STATE_RELEASED,
    State.EXPIRED: pb.Reservation.STATE_EXPIRED,
}
# What may be otherwise once the reservations that are due have given back their pieces.
_SHORT = {"INSUFFICIENT_STOCK", "RESERVATION_EXPIRED"}

Answer = TypeVar("Answer", pb.Stock, pb.Reservation)
Step = Callable[[Reservation, Shelf], tuple[Reservation, Shelf]]


class InventoryApi(InventoryServiceServicer):
    """Serves `souk.inventory.v1.InventoryService`."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock
        self._expiry = Expiry(database, clock)

    def GetStock(self, request: pb.GetStockRequest, _context: grpc.ServicerContext) -> pb.Stock:
        """Reads one stock."""
        product = _product(request.name)
        while self._expiry.of(product):
            pass
        with self._database.read() as session:
            stock = Stocks(session).get(product)
        if stock is None:
            raise Refused(
                "STOCK_NOT_FOUND",
                f"{product} was never stocked",
                code=grpc.StatusCode.NOT_FOUND,
                metadata={"product": product},
            )
        return _stock(stock)

    def AdjustStock(self, request: pb.AdjustStockRequest, _context: grpc.ServicerContext) -> pb.Stock:
        """Adds to one stock, or takes away."""

        def adjust(session: Transaction) -> pb.Stock:
            stocks = Stocks(session)
            adjusted = stocks.lock_one(_product(request.name)).adjust(request.delta)
            stocks.save([adjusted])
            return _stock(adjusted)

        return self._once("AdjustStock", request, pb.Stock, adjust)

    def ReserveStock(self, request: pb.ReserveStockRequest, _context: grpc.ServicerContext) -> pb.Reservation:
        """Sets aside all the lines or none."""
        hold = timedelta(seconds=request.hold_seconds) or DEFAULT_HOLD
        lines = tuple(sorted(Line(line.product, line.quantity) for line in request.lines))

        def reserve(session: Transaction) -> pb.Reservation:
            wanted = Reservation(request.name, lines, self._clock() + hold)
            reservations = Reservations(session)
            existing = reservations.lock(request.name) or reservations.add(wanted)
            if existing is None:
                return _take(session, wanted, Reservation.hold)
            return _take(session, existing, lambda reservation, shelf: reservation.hold_again(wanted, shelf))

        return self._once("ReserveStock", request, pb.Reservation, reserve)

    def CommitReservation(self, request: pb.CommitReservationRequest, _context: grpc.ServicerContext) -> pb.Reservation:
        """Sells what was set aside."""

        def commit(session: Transaction) -> pb.Reservation:
            reservation = Reservations(session).lock(request.name)
            if reservation is None:
                raise Refused(
                    "RESERVATION_NOT_FOUND",
                    f"{request.name} does not exist: reserve first",
                    code=grpc.StatusCode.NOT_FOUND,
                    metadata={"reservation": request.name},
                )
            return _take(session, reservation, Reservation.commit)

        return self._once("CommitReservation", request, pb.Reservation, commit)

    def ReleaseReservation(
        self, request: pb.ReleaseReservationRequest, _context: grpc.ServicerContext
    ) -> pb.Reservation:
        """Gives back what was set aside or sold."""

        def release(session: Transaction) -> pb.Reservation:
            mark = tombstone(request.name, self._clock())
            reservations = Reservations(session)
            reservation = reservations.lock(request.name) or reservations.add(mark) or mark
            return _take(session, reservation, Reservation.release)

        return self._once("ReleaseReservation", request, pb.Reservation, release)

    def _once(
        self,
        rpc: str,
        request: pb.AdjustStockRequest
        | pb.ReserveStockRequest
        | pb.CommitReservationRequest
        | pb.ReleaseReservationRequest,
        response_type: type[Answer],
        work: Callable[[Transaction], Answer],
    ) -> Answer:
        """Does the work once per request_id; when stock is short, again after what is due has been given back."""
        while True:
            try:
                with self._database.begin() as session:
                    return idempotent(
                        session,
                        method=f"{SERVICE}/{rpc}",
                        request=request,
                        response_type=response_type,
                        run=lambda: work(session),
                    )
            except Refused as refused:
                if refused.reason not in _SHORT or not self._expiry.of(refused.metadata["product"]):
                    raise


def _take(session: Transaction, reservation: Reservation, step: Step) -> pb.Reservation:
    """Takes a step with a reservation that is locked, and keeps what comes of it."""
    stocks = Stocks(session)
    before = stocks.lock(line.product for line in reservation.lines)
    after, shelf = step(reservation, before)
    stocks.save(stock for product, stock in shelf.stocks.items() if stock != before.stocks.get(product))
    if after != reservation:
        Reservations(session).save(after)
    return _reservation(after)


def _product(stock_name: str) -> str:
    return stock_name.removesuffix("/stock")


def _stock(stock: Stock) -> pb.Stock:
    return pb.Stock(
        name=f"{stock.product}/stock", on_hand=stock.on_hand, reserved=stock.reserved, available=stock.available
    )


def _reservation(reservation: Reservation) -> pb.Reservation:
    message = pb.Reservation(name=reservation.name, state=_STATES[reservation.state])
    message.expire_time.FromDatetime(reservation.expires_at)
    for line in reservation.lines:
        message.lines.add(product=line.product, quantity=line.quantity)
    return message
