"""The checker itself: it finds each kind of corruption, and nothing in books that are right."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest

from tests.reliability.audit import Told, audit
from tests.reliability.books import (
    Amount,
    Books,
    ChargeEntry,
    OrderEntry,
    PaymentEntry,
    Piece,
    ReservationEntry,
    StockEntry,
)

PRICE, TOTAL, NOTHING = Amount("EUR", 5), Amount("EUR", 10), Amount("", 0)
INITIAL = {"products/lamp": 10}
ORDER = OrderEntry("customers/ada/orders/good", "key-1", "", "", (Piece("products/lamp", 2, PRICE),))
PAYMENT = PaymentEntry("payments/good", ORDER.name, "CAPTURED", "", TOTAL)
CHARGE = ChargeEntry("payments/good", "CAPTURED", TOTAL, ("authorize", "capture"))
RESERVATION = ReservationEntry("reservations/good", "COMMITTED", (Piece("products/lamp", 2),))
GONE = OrderEntry("customers/ada/orders/gone", "key-2", "", "CARD_DECLINED", ORDER.lines)
DECLINED = PaymentEntry("payments/gone", GONE.name, "DECLINED", "", TOTAL)
REFUSED = ChargeEntry("payments/gone", "DECLINED", TOTAL, ("authorize",))
RELEASED = ReservationEntry("reservations/gone", "RELEASED", RESERVATION.lines)
STOCK = StockEntry("products/lamp", 8, 0)
GOOD = Books(
    {"products/lamp": PRICE}, (ORDER, GONE), (PAYMENT, DECLINED), (CHARGE, REFUSED), (STOCK,), (RESERVATION, RELEASED)
)
TOLD = (Told("key-1", ORDER.name, "CONFIRMED"), Told("key-2", GONE.name, "CANCELLED"))


def _voided(payment: Amount, *charges: ChargeEntry) -> Books:
    tombstone = PaymentEntry("payments/gone", GONE.name if payment.nanos else "", "VOIDED", "", payment)
    return replace(GOOD, payments=(PAYMENT, tombstone), charges=(CHARGE, *charges))


@pytest.mark.parametrize(
    "books",
    [
        GOOD,
        _voided(TOTAL, ChargeEntry("payments/gone", "VOIDED", TOTAL, ("authorize", "void"))),
        _voided(TOTAL, ChargeEntry("payments/gone", "VOIDED", NOTHING, ("void",))),
        _voided(TOTAL, ChargeEntry("payments/gone", "DECLINED", TOTAL, ("authorize", "void"))),
        _voided(NOTHING),
        replace(GOOD, payments=(PAYMENT,), charges=(CHARGE,), reservations=(RESERVATION,)),
    ],
    ids=["declined", "voided", "voided too early", "declined, then voided", "tombstone", "never asked"],
)
def test_nothing_is_found_in_books_that_are_right(books: Books) -> None:
    assert audit(books, INITIAL, TOLD) == ()


def _order(**changes: object) -> Callable[[Books], Books]:
    return lambda books: replace(books, orders=(replace(ORDER, **changes), GONE))  # type: ignore[arg-type]


def _payment(**changes: object) -> Callable[[Books], Books]:
    return lambda books: replace(books, payments=(replace(PAYMENT, **changes), DECLINED))  # type: ignore[arg-type]


def _charge(**changes: object) -> Callable[[Books], Books]:
    return lambda books: replace(books, charges=(replace(CHARGE, **changes), REFUSED))  # type: ignore[arg-type]


def _reservation(**changes: object) -> Callable[[Books], Books]:
    return lambda books: replace(books, reservations=(replace(RESERVATION, **changes), RELEASED))  # type: ignore[arg-type]


def _stock(**changes: object) -> Callable[[Books], Books]:
    return lambda books: replace(books, stocks=(replace(STOCK, **changes),))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("corrupt", "rule"),
    [
        (_order(step="COMMIT"), "order is not settled"),
        (_order(step="RELEASE", cancel_reason="CARD_DECLINED"), "order is not settled"),
        (_order(lines=(Piece("products/lamp", 2, Amount("EUR", 6)),)), "another price than the catalog"),
        (lambda books: replace(books, orders=(ORDER,)), "an order that was accepted is lost"),
        (lambda books: replace(books, orders=(ORDER, replace(GONE, request_id="key-1"))), "more than one order has"),
        (_order(request_id="key-3"), "told of an order of another key"),
        (_order(cancel_reason="CARD_DECLINED"), "ended otherwise than its client was told"),
        (lambda books: replace(books, payments=(DECLINED,), charges=(REFUSED,)), "CONFIRMED, its payment None"),
        (_payment(state="AUTHORIZED"), "order is CONFIRMED, its payment AUTHORIZED"),
        (_payment(intent="capture"), "payment waits for the acquirer"),
        (_payment(amount=Amount("EUR", 11)), "amount is"),
        (_payment(amount=Amount("USD", 10)), "amount is"),
        (_payment(order="customers/ada/orders/none"), "payment without an order"),
        (
            lambda books: replace(books, payments=(*books.payments, replace(PAYMENT, name="payments/again"))),
            "order has more than one payment",
        ),
        (_charge(state="HELD"), "its charge HELD"),
        (_charge(state="REFUNDED", movements=("authorize", "capture", "refund")), "its charge REFUNDED"),
        (_charge(amount=Amount("EUR", 9)), "amount is"),
        (_charge(movements=("authorize", "capture", "capture")), "2 movements capture"),
        (_charge(movements=("authorize",)), "CAPTURED without a movement capture"),
        (
            lambda books: replace(books, charges=(*books.charges, replace(CHARGE, reference="payments/other"))),
            "charge without a payment",
        ),
        (lambda books: replace(books, charges=(CHARGE, replace(REFUSED, state="HELD"))), "its charge HELD"),
        (lambda books: replace(books, payments=(PAYMENT,)), "charge without a payment"),
        (_reservation(state="HELD"), "pieces are held for ever"),
        (_reservation(state="RELEASED"), "order is CONFIRMED, its reservation RELEASED"),
        (_reservation(lines=(Piece("products/lamp", 3),)), "other pieces were sold"),
        (lambda books: replace(books, reservations=(RELEASED,)), "order is CONFIRMED, its reservation None"),
        (
            lambda books: replace(books, reservations=(RESERVATION, replace(RELEASED, state="COMMITTED"))),
            "order is CANCELLED, its reservation COMMITTED",
        ),
        (
            lambda books: replace(
                books, reservations=(*books.reservations, replace(RELEASED, name="reservations/other"))
            ),
            "reservation without an order",
        ),
        (_stock(on_hand=9), "9 on hand, but 10 at first and 2 sold"),
        (_stock(on_hand=7), "7 on hand"),
        (_stock(reserved=1), "1 reserved"),
        (_stock(on_hand=-1), "0 reserved of -1"),
    ],
)
def test_each_kind_of_corruption_is_found(corrupt: Callable[[Books], Books], rule: str) -> None:
    found = [finding.rule for finding in audit(corrupt(GOOD), INITIAL, TOLD)]

    assert any(rule in each for each in found), found
