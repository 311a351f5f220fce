"""What callers see, over a real connection, on both databases."""

from collections.abc import Callable
from datetime import UTC, timedelta
from uuid import uuid4

from grpc import StatusCode
from souk.inventory.v1 import inventory_pb2 as pb
from souk_chassis.testing import invalid, refused

from .world import Inventory

HELD, COMMITTED = pb.Reservation.STATE_HELD, pb.Reservation.STATE_COMMITTED
RELEASED, EXPIRED = pb.Reservation.STATE_RELEASED, pb.Reservation.STATE_EXPIRED


def test_stock_can_be_added_and_taken_away_and_read(inventory: Inventory) -> None:
    assert inventory.adjust("lamp", 10).available == 10
    assert inventory.adjust("lamp", -4).on_hand == 6
    assert inventory.stock("lamp") == (6, 0)


def test_stock_that_never_was_is_not_found(inventory: Inventory) -> None:
    with refused("STOCK_NOT_FOUND", StatusCode.NOT_FOUND, product="products/lamp"):
        inventory.stock("lamp")


def test_stock_never_goes_below_what_is_set_aside(inventory: Inventory) -> None:
    inventory.adjust("lamp", 5)
    inventory.reserve("a", lamp=3)
    with refused("INSUFFICIENT_STOCK", StatusCode.FAILED_PRECONDITION, available="2", requested="3"):
        inventory.adjust("lamp", -3)
    with refused("INSUFFICIENT_STOCK", StatusCode.FAILED_PRECONDITION, available="0"):
        inventory.adjust("rug", -1)
    assert inventory.stock("lamp") == (5, 3)


def test_all_lines_are_set_aside_or_none(inventory: Inventory) -> None:
    inventory.adjust("lamp", 5)
    inventory.adjust("rug", 1)
    with refused(
        "INSUFFICIENT_STOCK", StatusCode.FAILED_PRECONDITION, product="products/rug", available="1", requested="2"
    ):
        inventory.reserve("a", lamp=1, rug=2)
    assert inventory.stock("lamp") == (5, 0)
    held = inventory.reserve("a", rug=1, lamp=5)
    assert held.state == HELD
    assert [(line.product, line.quantity) for line in held.lines] == [("products/lamp", 5), ("products/rug", 1)]
    assert held.expire_time.ToDatetime(UTC) - inventory.clock() == timedelta(minutes=15)
    assert (inventory.stock("lamp"), inventory.stock("rug")) == ((5, 5), (1, 1))


def test_a_product_that_was_never_stocked_can_not_be_reserved(inventory: Inventory) -> None:
    with refused("INSUFFICIENT_STOCK", StatusCode.FAILED_PRECONDITION, product="products/lamp", available="0"):
        inventory.reserve("a", lamp=1)


def test_the_same_reservation_again_is_held_longer_and_only_once(inventory: Inventory) -> None:
    inventory.adjust("lamp", 5)
    first = inventory.reserve("a", lamp=3)
    longer = inventory.reserve("a", hold=86_400, lamp=3)
    assert longer.expire_time.ToSeconds() - first.expire_time.ToSeconds() == 86_400 - 900
    assert inventory.reserve("a", hold=1, lamp=3) == longer
    assert inventory.stock("lamp") == (5, 3)
    with refused("RESERVATION_EXISTS", StatusCode.ALREADY_EXISTS, reservation="reservations/a"):
        inventory.reserve("a", lamp=2)


def test_committing_sells_once_however_often_it_is_said(inventory: Inventory) -> None:
    inventory.adjust("lamp", 5)
    inventory.reserve("a", lamp=3)
    assert inventory.commit("a").state == COMMITTED
    assert inventory.commit("a").state == COMMITTED
    assert inventory.reserve("a", lamp=3).state == COMMITTED
    assert inventory.stock("lamp") == (2, 0)


def test_committing_what_was_never_reserved_is_refused(inventory: Inventory) -> None:
    with refused("RESERVATION_NOT_FOUND", StatusCode.NOT_FOUND, reservation="reservations/a"):
        inventory.commit("a")


def test_releasing_gives_back_what_was_held_once(inventory: Inventory) -> None:
    inventory.adjust("lamp", 5)
    inventory.reserve("a", lamp=3)
    assert inventory.release("a").state == RELEASED
    assert inventory.release("a").state == RELEASED
    assert inventory.stock("lamp") == (5, 0)
    with refused("RESERVATION_RELEASED", StatusCode.FAILED_PRECONDITION):
        inventory.commit("a")


def test_releasing_after_the_commit_restocks_once(inventory: Inventory) -> None:
    inventory.adjust("lamp", 5)
    inventory.reserve("a", lamp=3)
    inventory.commit("a")
    inventory.release("a")
    inventory.release("a")
    assert inventory.stock("lamp") == (5, 0)


def test_a_release_that_comes_first_keeps_the_late_reservation_out(inventory: Inventory) -> None:
    inventory.adjust("lamp", 5)
    tombstone = inventory.release("a")
    assert (tombstone.state, len(tombstone.lines)) == (RELEASED, 0)
    with refused("RESERVATION_RELEASED", StatusCode.FAILED_PRECONDITION):
        inventory.reserve("a", lamp=3)
    assert inventory.stock("lamp") == (5, 0)


def test_what_has_expired_goes_to_who_asks_next(inventory: Inventory) -> None:
    inventory.adjust("lamp", 3)
    inventory.adjust("rug", 3)
    inventory.reserve("a", hold=60, lamp=3, rug=2)
    inventory.clock.turn(59)
    with refused("INSUFFICIENT_STOCK", StatusCode.FAILED_PRECONDITION):
        inventory.reserve("b", lamp=1)
    inventory.clock.turn(1)
    assert inventory.reserve("b", lamp=1).state == HELD
    assert (inventory.stock("lamp"), inventory.stock("rug")) == ((3, 1), (3, 0))


def test_taking_stock_away_and_reading_it_count_what_has_expired_as_free(inventory: Inventory) -> None:
    inventory.adjust("lamp", 3)
    inventory.reserve("a", hold=60, lamp=3)
    inventory.clock.turn(60)
    assert inventory.stock("lamp") == (3, 0)
    inventory.reserve("b", hold=60, lamp=3)
    inventory.clock.turn(60)
    assert inventory.adjust("lamp", -3).on_hand == 0


def test_a_renewed_hold_does_not_expire_at_the_old_time(inventory: Inventory) -> None:
    inventory.adjust("lamp", 3)
    inventory.reserve("a", hold=60, lamp=3)
    inventory.clock.turn(59)
    inventory.reserve("a", hold=86_400, lamp=3)
    inventory.clock.turn(80_000)
    with refused("INSUFFICIENT_STOCK", StatusCode.FAILED_PRECONDITION):
        inventory.reserve("b", lamp=1)
    assert inventory.commit("a").state == COMMITTED


def test_an_expired_reservation_is_committed_if_its_pieces_are_still_there(inventory: Inventory) -> None:
    inventory.adjust("lamp", 3)
    inventory.reserve("a", hold=60, lamp=3)
    inventory.clock.turn(60)
    assert inventory.stock("lamp") == (3, 0)  # given back
    assert inventory.commit("a").state == COMMITTED
    assert inventory.stock("lamp") == (0, 0)


def test_an_expired_reservation_whose_pieces_are_gone_is_refused(inventory: Inventory) -> None:
    inventory.adjust("lamp", 3)
    inventory.reserve("a", hold=60, lamp=3)
    inventory.clock.turn(60)
    inventory.reserve("b", hold=60, lamp=1)
    with refused("RESERVATION_EXPIRED", StatusCode.FAILED_PRECONDITION, product="products/lamp", available="2"):
        inventory.commit("a")
    with refused("INSUFFICIENT_STOCK", StatusCode.FAILED_PRECONDITION):
        inventory.reserve("a", lamp=3)
    inventory.clock.turn(60)  # b expires too
    assert inventory.commit("a").state == COMMITTED
    assert inventory.release("b").state == RELEASED
    assert inventory.stock("lamp") == (0, 0)


def test_a_repeated_request_id_is_done_once_and_answered_alike(inventory: Inventory) -> None:
    again = str(uuid4())
    assert inventory.adjust("lamp", 5, request_id=again) == inventory.adjust("lamp", 5, request_id=again)
    assert inventory.stock("lamp") == (5, 0)
    with refused("REQUEST_ID_REUSED", StatusCode.ALREADY_EXISTS):
        inventory.adjust("lamp", 6, request_id=again)
    first = inventory.reserve("a", lamp=2, request_id=again)
    inventory.release("a", request_id=again)
    assert inventory.reserve("a", lamp=2, request_id=again) == first
    assert inventory.stock("lamp") == (5, 0)


def test_a_refused_call_may_be_tried_again_with_its_request_id(inventory: Inventory) -> None:
    again = str(uuid4())
    with refused("INSUFFICIENT_STOCK", StatusCode.FAILED_PRECONDITION):
        inventory.reserve("a", lamp=1, request_id=again)
    inventory.adjust("lamp", 1)
    assert inventory.reserve("a", lamp=1, request_id=again).state == HELD


def test_a_malformed_request_names_its_field(inventory: Inventory) -> None:
    rpc, line = inventory.rpc, pb.ReservationLine(product="products/lamp", quantity=0)
    calls: list[tuple[Callable[[], object], str]] = [
        (lambda: rpc.GetStock(pb.GetStockRequest(name="products/Lamp/stock")), "name"),
        (lambda: rpc.AdjustStock(pb.AdjustStockRequest(name="products/lamp/stock")), "delta"),
        (lambda: rpc.ReserveStock(pb.ReserveStockRequest(name="reservations/a")), "lines"),
        (lambda: rpc.ReserveStock(pb.ReserveStockRequest(name="reservations/a", lines=[line])), "lines[0].quantity"),
        (lambda: rpc.CommitReservation(pb.CommitReservationRequest(name="a")), "name"),
        (lambda: inventory.release("a", request_id="no uuid"), "request_id"),
    ]
    for call, field in calls:
        with invalid(field):
            call()
