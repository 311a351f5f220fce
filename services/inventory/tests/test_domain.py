"""The rules, without a database: single steps, and whatever history of calls Hypothesis comes up with."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from souk_chassis.errors import Refused
from souk_inventory.domain import Line, Reservation, Shelf, State, Stock, tombstone

START = datetime(2026, 1, 1, tzinfo=UTC)
LAMP, RUG = "products/lamp", "products/rug"


def held(quantity: int, on_hand: int) -> tuple[Reservation, Shelf]:
    reservation = Reservation("reservations/a", (Line(LAMP, quantity),), START + timedelta(seconds=60))
    return reservation.hold(Shelf({LAMP: Stock(LAMP, on_hand)}))


def test_a_reservation_does_not_expire_before_its_time() -> None:
    reservation, shelf = held(2, 5)
    assert reservation.expire(shelf, START + timedelta(seconds=59)) == (reservation, shelf)
    expired, shelf = reservation.expire(shelf, START + timedelta(seconds=60))
    assert (expired.state, shelf.stocks[LAMP].reserved) == (State.EXPIRED, 0)


def test_expiring_twice_gives_back_once() -> None:
    reservation, shelf = held(2, 5)
    expired = reservation.expire(shelf, START + timedelta(seconds=60))
    assert expired[0].expire(expired[1], START + timedelta(seconds=60)) == expired


def test_a_hold_that_is_due_but_not_yet_given_back_can_still_be_committed() -> None:
    reservation, shelf = held(2, 5)
    committed, shelf = reservation.commit(shelf)
    assert committed.expire(shelf, START + timedelta(days=1)) == (committed, shelf)
    assert shelf.stocks[LAMP] == Stock(LAMP, on_hand=3, reserved=0)


def test_the_order_of_the_lines_does_not_make_another_reservation() -> None:
    shelf = Shelf({LAMP: Stock(LAMP, 5), RUG: Stock(RUG, 5)})
    reservation, shelf = Reservation("reservations/a", (Line(LAMP, 1), Line(RUG, 2)), START).hold(shelf)
    wanted = Reservation("reservations/a", (Line(RUG, 2), Line(LAMP, 1)), START)
    assert reservation.hold_again(wanted, shelf) == (reservation, shelf)


@pytest.mark.parametrize("step", [Reservation.commit, lambda mark, shelf: mark.hold_again(mark, shelf)])
def test_nothing_revives_a_tombstone(step: Callable[[Reservation, Shelf], object]) -> None:
    with pytest.raises(Refused, match="RESERVATION_RELEASED"):
        step(tombstone("reservations/a", START), Shelf({}))


class Shop:
    """An inventory in memory: as the service does it, less the database."""

    def __init__(self) -> None:
        self.now = START
        self.stocked = 0
        self.shelf = Shelf({product: Stock(product) for product in (LAMP, RUG)})
        self.reservations: dict[str, Reservation] = {}

    def wait(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    def adjust(self, product: str, delta: int) -> None:
        self.shelf = Shelf({**self.shelf.stocks, product: self.shelf.stocks[product].adjust(delta)})
        self.stocked += delta

    def reserve(self, name: str, lines: tuple[Line, ...], seconds: int) -> None:
        wanted = Reservation(name, lines, self.now + timedelta(seconds=seconds))
        existing = self.reservations.get(name)
        self._keep(wanted.hold(self.shelf) if existing is None else existing.hold_again(wanted, self.shelf))

    def commit(self, name: str) -> None:
        if name in self.reservations:
            self._keep(self.reservations[name].commit(self.shelf))

    def release(self, name: str) -> None:
        self._keep(self.reservations.get(name, tombstone(name, self.now)).release(self.shelf))

    def sweep(self) -> None:
        for reservation in list(self.reservations.values()):
            self._keep(reservation.expire(self.shelf, self.now))

    def pieces(self, state: State) -> int:
        return sum(line.quantity for each in self.reservations.values() if each.state is state for line in each.lines)

    def _keep(self, after: tuple[Reservation, Shelf]) -> None:
        reservation, self.shelf = after
        self.reservations[reservation.name] = reservation


names = st.sampled_from(["reservations/a", "reservations/b", "reservations/c"])
products = st.sampled_from([LAMP, RUG])
lines = st.lists(st.builds(Line, products, st.integers(1, 6)), min_size=1, max_size=2, unique_by=lambda it: it.product)
steps = st.one_of(
    st.tuples(st.just(Shop.wait), st.integers(1, 90)),
    st.tuples(st.just(Shop.adjust), products, st.integers(-8, 8)),
    st.tuples(st.just(Shop.reserve), names, lines.map(tuple), st.sampled_from([30, 60])),
    st.tuples(st.just(Shop.commit), names),
    st.tuples(st.just(Shop.release), names),
    st.tuples(st.just(Shop.sweep)),
)


@given(st.lists(steps, max_size=30))
def test_no_history_of_calls_sells_more_than_there_was(history: list[tuple[Callable[..., None], ...]]) -> None:
    shop = Shop()
    for step, *arguments in history:
        before = (shop.shelf, dict(shop.reservations))
        try:
            step(shop, *arguments)
        except Refused:
            assert before == (shop.shelf, shop.reservations)
        stocks = shop.shelf.stocks.values()
        assert all(stock.on_hand >= stock.reserved >= 0 for stock in stocks)
        assert sum(stock.reserved for stock in stocks) == shop.pieces(State.HELD)
        assert sum(stock.on_hand for stock in stocks) + shop.pieces(State.COMMITTED) == shop.stocked
