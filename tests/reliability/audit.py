"""What must hold between orders, payments, the acquirer's ledger, reservations and stock once all is settled.

Plain data in, plain data out: the findings name what is broken, and the entries that show it.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain

from tests.reliability.books import Books, ChargeEntry, OrderEntry, PaymentEntry, ReservationEntry

# What the states of an order, its payment and its charge may be together. A payment that was voided before it was
# asked for is a tombstone and has no charge, or one that is a tombstone; a declined charge holds nothing to be voided.
AGREED: Mapping[str, set[tuple[str | None, str | None]]] = {
    "CONFIRMED": {("CAPTURED", "CAPTURED")},
    "CANCELLED": {
        (None, None),
        ("VOIDED", None),
        ("VOIDED", "VOIDED"),
        ("VOIDED", "DECLINED"),
        ("DECLINED", "DECLINED"),
        ("REFUNDED", "REFUNDED"),
    },
}
KEPT: Mapping[str, set[str | None]] = {"CONFIRMED": {"COMMITTED"}, "CANCELLED": {None, "RELEASED"}}


@dataclass(frozen=True)
class Told:
    """What a client was told: the order that its key stands for, and how it ended, if it heard of that."""

    key: str
    order: str
    state: str = ""


@dataclass(frozen=True)
class Finding:
    """Something that must not be."""

    rule: str
    subject: str
    entries: tuple[object, ...]

    def __str__(self) -> str:
        return "\n    ".join([f"{self.rule}: {self.subject}", *map(repr, self.entries)])


def audit(books: Books, initial: Mapping[str, int], told: Iterable[Told] = ()) -> Sequence[Finding]:
    """Everything that is wrong in the books, given what was in stock at first and what clients were told."""
    return tuple(chain(_orders(books, told), _money(books), _reservations(books), _stock(books, initial)))


def _orders(books: Books, told: Iterable[Told]) -> Iterator[Finding]:
    orders = {order.name: order for order in books.orders}
    by_key: defaultdict[str, list[OrderEntry]] = defaultdict(list)
    for order in books.orders:
        by_key[order.request_id].append(order)
        if order.state not in AGREED:
            yield Finding("order is not settled", order.name, (order,))
        for line in order.lines:
            if line.price != books.prices.get(line.product):
                yield Finding("order has another price than the catalog", order.name, (order,))
    for key, same in by_key.items():
        if key and len(same) > 1:
            yield Finding("more than one order has this key", key, tuple(same))
    for answer in told:
        known = orders.get(answer.order)
        if known is None:
            yield Finding("an order that was accepted is lost", answer.order, (answer,))
        elif known.request_id != answer.key:
            yield Finding("a client was told of an order of another key", answer.order, (answer, known))
        elif answer.state and answer.state != known.state:
            yield Finding("an order ended otherwise than its client was told", answer.order, (answer, known))


def _money(books: Books) -> Iterator[Finding]:
    names = {order.name for order in books.orders}
    payments: defaultdict[str, list[PaymentEntry]] = defaultdict(list)
    for payment in books.payments:
        # A tombstone does not know its order; its name does.
        owner = payment.order or _owner(books, payment.name)
        payments[owner].append(payment)
        if owner not in names:
            yield Finding("payment without an order", payment.name, (payment,))
        if payment.intent:
            yield Finding("payment waits for the acquirer", payment.name, (payment,))
    charges = {charge.reference: charge for charge in books.charges}
    for reference in charges.keys() - {payment.name for payment in books.payments}:
        yield Finding("charge without a payment", reference, (charges[reference],))
    for charge in books.charges:
        yield from _moved_once(charge)
    for order in books.orders:
        mine = payments[order.name]
        if len(mine) > 1:
            yield Finding("order has more than one payment", order.name, (order, *mine))
        yield from _paid(order, mine[0] if mine else None, charges.get(mine[0].name) if mine else None)


def _paid(order: OrderEntry, payment: PaymentEntry | None, charge: ChargeEntry | None) -> Iterator[Finding]:
    seen = (order, *filter(None, (payment, charge)))
    states = (payment.state if payment else None, charge.state if charge else None)
    if order.state in AGREED and states not in AGREED[order.state]:
        yield Finding(f"order is {order.state}, its payment {states[0]}, its charge {states[1]}", order.name, seen)
    for entry in (payment, charge):
        # Tombstones have no amount.
        if entry and entry.amount != order.total and not (entry.state == "VOIDED" and not entry.amount.nanos):
            yield Finding(f"amount is {entry.amount}, the order's total is {order.total}", order.name, seen)


def _moved_once(charge: ChargeEntry) -> Iterator[Finding]:
    counts = Counter(charge.movements)
    for operation in ("authorize", "capture", "refund"):
        if counts[operation] > 1:
            yield Finding(f"charge has {counts[operation]} movements {operation}", charge.reference, (charge,))
    for state, operation in (("CAPTURED", "capture"), ("REFUNDED", "refund")):
        if charge.state == state and not counts[operation]:
            yield Finding(f"charge is {state} without a movement {operation}", charge.reference, (charge,))


def _reservations(books: Books) -> Iterator[Finding]:
    reservations = {reservation.name: reservation for reservation in books.reservations}
    for order in books.orders:
        reservation = reservations.get(f"reservations/{order.identifier}")
        state = reservation.state if reservation else None
        seen = (order, *filter(None, (reservation,)))
        if order.state in KEPT and state not in KEPT[order.state]:
            yield Finding(f"order is {order.state}, its reservation {state}", order.name, seen)
        if reservation and reservation.state == "COMMITTED" and _sold(reservation) != _sold(order):
            yield Finding("other pieces were sold than ordered", order.name, seen)
    for name in reservations.keys() - {f"reservations/{order.identifier}" for order in books.orders}:
        yield Finding("reservation without an order", name, (reservations[name],))
    for reservation in books.reservations:
        if reservation.state == "HELD":
            yield Finding("pieces are held for ever", reservation.name, (reservation,))


def _stock(books: Books, initial: Mapping[str, int]) -> Iterator[Finding]:
    sold: Counter[str] = Counter()
    for order in books.orders:
        if order.state == "CONFIRMED":
            sold.update(_sold(order))
    for stock in books.stocks:
        expected = initial.get(stock.product, 0) - sold[stock.product]
        if stock.on_hand != expected:
            why = (
                f"{stock.on_hand} on hand, but {initial.get(stock.product, 0)} at first and {sold[stock.product]} sold"
            )
            yield Finding(why, stock.product, (stock,))
        if stock.reserved or stock.on_hand < 0:
            yield Finding(f"{stock.reserved} reserved of {stock.on_hand}", stock.product, (stock,))


def _owner(books: Books, payment: str) -> str:
    identifier = payment.rpartition("/")[2]
    return next((order.name for order in books.orders if order.identifier == identifier), "")


def _sold(entry: OrderEntry | ReservationEntry) -> Counter[str]:
    counts: Counter[str] = Counter()
    for line in entry.lines:
        counts[line.product] += line.quantity
    return counts
