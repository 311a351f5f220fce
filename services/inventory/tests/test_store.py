"""The tables and what expires, on both databases."""

from datetime import timedelta

import pytest
from souk_chassis.database import Database
from souk_chassis.testing import differences
from souk_inventory import expiry
from souk_inventory.domain import Line, Reservation, State, Stock
from souk_inventory.expiry import Expiry
from souk_inventory.store import ReservationRow, Reservations, Stocks
from sqlalchemy.exc import IntegrityError
from sqlmodel import SQLModel, select

from .world import Clock

LAMP = "products/lamp"


def reserve(database: Database, clock: Clock, names: list[str]) -> None:
    """Sets one lamp aside under each name, for a minute."""
    with database.begin() as session:
        Stocks(session).lock_one(LAMP)
        Stocks(session).save([Stock(LAMP, len(names), len(names))])
        for name in names:
            Reservations(session).add(Reservation(name, (Line(LAMP, 1),), clock() + timedelta(seconds=60)))


def states(database: Database) -> set[str]:
    with database.read() as session:
        return set(session.exec(select(ReservationRow.state)))


def test_the_migrations_make_the_tables_that_the_code_uses(database: Database) -> None:
    names = ("stock", "reservation", "reservation_line", "idempotency")
    assert differences(database, *(SQLModel.metadata.tables[name] for name in names)) == []


def test_the_database_itself_refuses_to_promise_more_than_there_is(database: Database) -> None:
    with database.begin() as session:
        Stocks(session).lock_one(LAMP)
    with pytest.raises(IntegrityError), database.begin() as session:
        Stocks(session).save([Stock(LAMP, on_hand=1, reserved=2)])


def test_a_reservation_comes_back_as_it_was_kept(database: Database, clock: Clock) -> None:
    kept = Reservation("reservations/a", (Line(LAMP, 1), Line("products/rug", 2)), clock(), State.EXPIRED)
    with database.begin() as session:
        assert Reservations(session).add(kept) is None
    with database.begin() as session:
        assert Reservations(session).lock(kept.name) == kept
        assert Reservations(session).add(kept) == kept
        assert Reservations(session).lock("reservations/b") is None


def test_a_sweep_gives_back_what_is_due_in_bounded_batches(
    database: Database, clock: Clock, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(expiry, "BATCH", 2)
    reserve(database, clock, ["reservations/a", "reservations/b", "reservations/c"])
    sweeper = Expiry(database, clock)
    assert sweeper.sweep() == 0
    clock.turn(60)
    assert [sweeper.sweep(), sweeper.sweep(), sweeper.sweep()] == [2, 1, 0]
    assert states(database) == {"EXPIRED"}
    with database.read() as session:
        assert Stocks(session).get(LAMP) == Stock(LAMP, 3, 0)
