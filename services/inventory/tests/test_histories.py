"""Whatever callers do, and however long they wait: the database adds up after every call."""

from collections.abc import Callable
from unittest.mock import Mock

import grpc
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from souk.inventory.v1 import inventory_pb2 as pb
from souk_chassis.database import Database
from souk_chassis.errors import Refused
from souk_chassis.testing import emptied
from souk_inventory.api import InventoryApi
from souk_inventory.domain import State
from souk_inventory.store import LineRow, ReservationRow, StockRow
from sqlalchemy import func
from sqlmodel import Session, col, select

from .world import Clock

names = st.sampled_from(["reservations/a", "reservations/b", "reservations/c"])
products = st.sampled_from(["products/lamp", "products/rug"])
lines = st.lists(
    st.builds(
        lambda product, quantity: pb.ReservationLine(product=product, quantity=quantity), products, st.integers(1, 6)
    ),
    min_size=1,
    max_size=2,
    unique_by=lambda line: line.product,
)
calls = st.one_of(
    st.builds(
        lambda product, delta: pb.AdjustStockRequest(name=f"{product}/stock", delta=delta),
        products,
        st.integers(-4, 9).filter(bool),
    ),
    st.builds(
        lambda name, lines, hold: pb.ReserveStockRequest(name=name, lines=lines, hold_seconds=hold),
        names,
        lines,
        st.sampled_from([30, 60]),
    ),
    st.builds(lambda name: pb.CommitReservationRequest(name=name), names),
    st.builds(lambda name: pb.ReleaseReservationRequest(name=name), names),
)
REASONS = {
    "INSUFFICIENT_STOCK",
    "RESERVATION_EXISTS",
    "RESERVATION_EXPIRED",
    "RESERVATION_NOT_FOUND",
    "RESERVATION_RELEASED",
}
Call = pb.AdjustStockRequest | pb.ReserveStockRequest | pb.CommitReservationRequest | pb.ReleaseReservationRequest


@pytest.mark.parametrize("migrated", ["sqlite"], indirect=True)
@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 40), calls), max_size=15))
def test_what_was_stocked_is_on_hand_or_sold_and_what_is_reserved_is_held(
    migrated_database: Database, history: list[tuple[int, Call]]
) -> None:
    with emptied(migrated_database):
        live(migrated_database, history)


def live(database: Database, history: list[tuple[int, Call]]) -> None:
    clock, stocked = Clock(), 0
    api = InventoryApi(database, clock)
    for seconds, request in history:
        clock.turn(seconds)
        try:
            answer_to(api)[type(request)](request, Mock(grpc.ServicerContext))
            stocked += request.delta if isinstance(request, pb.AdjustStockRequest) else 0
        except Refused as refused:
            if refused.reason not in REASONS:
                raise
        with database.read() as session:
            rows = session.exec(select(StockRow)).all()
            assert all(row.on_hand >= row.reserved >= 0 for row in rows)
            assert sum(row.reserved for row in rows) == pieces(session, State.HELD)
            assert sum(row.on_hand for row in rows) + pieces(session, State.COMMITTED) == stocked


def answer_to(api: InventoryApi) -> dict[type, Callable[..., object]]:
    return {
        pb.AdjustStockRequest: api.AdjustStock,
        pb.ReserveStockRequest: api.ReserveStock,
        pb.CommitReservationRequest: api.CommitReservation,
        pb.ReleaseReservationRequest: api.ReleaseReservation,
    }


def pieces(session: Session, state: State) -> int:
    """How many pieces the reservations of this state are about."""
    query = select(func.coalesce(func.sum(LineRow.quantity), 0)).join(
        ReservationRow, col(ReservationRow.name) == col(LineRow.reservation)
    )
    return session.exec(query.where(col(ReservationRow.state) == state.value)).one()
