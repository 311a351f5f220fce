"""Gives back what was set aside and nobody came for: when somebody needs it, and in the background."""

from souk_chassis.clock import Clock, utc_now
from souk_chassis.database import Database

from souk_inventory.store import Reservations, Stocks

# So many reservations are expired by one transaction: it locks their products for some ten milliseconds.
BATCH = 50


class Expiry:
    """Expires reservations whose time has passed. Any number of replicas may do so at once."""

    def __init__(self, database: Database, clock: Clock = utc_now) -> None:
        self._database = database
        self._clock = clock

    def of(self, product: str) -> int:
        """Expires some reservations that are about a product; says how many."""
        with self._database.read() as session:
            names = Reservations(session).due_of(product, self._clock(), BATCH)
        return self._expire(names)

    def sweep(self) -> int:
        """Expires some reservations, whatever they are about; says how many. Zero means that none is left."""
        with self._database.read() as session:
            names = Reservations(session).due(self._clock(), BATCH)
        return self._expire(names)

    def _expire(self, names: tuple[str, ...]) -> int:
        if not names:
            return 0
        with self._database.begin() as session:
            reservations, stocks = Reservations(session), Stocks(session)
            due = reservations.lock_all(names)
            shelf = stocks.lock({line.product for reservation in due for line in reservation.lines})
            for reservation in due:
                expired, shelf = reservation.expire(shelf, self._clock())
                reservations.save(expired)
            stocks.save(shelf.stocks.values())
        return len(names)
