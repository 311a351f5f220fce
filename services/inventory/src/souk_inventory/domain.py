"""The rules of the inventory: what may be set aside, sold and given back. Plain data in, plain data out.

Products and reservations are known by their resource names, `products/{product}` and `reservations/{reservation}`.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from enum import Enum
from typing import Self

from grpc import StatusCode
from souk_chassis.errors import Refused


@dataclass(frozen=True, order=True)
class Line:
    """Some pieces of one product."""

    product: str
    quantity: int


@dataclass(frozen=True)
class Stock:
    """The pieces of one product. At any time `on_hand` ≥ `reserved` ≥ 0."""

    product: str
    on_hand: int = 0
    reserved: int = 0

    @property
    def available(self) -> int:
        """The pieces that can still be sold."""
        return self.on_hand - self.reserved

    def adjust(self, delta: int) -> Self:
        """Adds pieces, or takes some away.

        Raises:
            Refused: INSUFFICIENT_STOCK when fewer would remain than are set aside.
        """
        if self.available + delta < 0:
            raise self._insufficient(-delta, "take away")
        return replace(self, on_hand=self.on_hand + delta)

    def hold(self, quantity: int) -> Self:
        """Sets pieces aside.

        Raises:
            Refused: INSUFFICIENT_STOCK when fewer are available.
        """
        if quantity > self.available:
            raise self._insufficient(quantity, "set aside")
        return replace(self, reserved=self.reserved + quantity)

    def free(self, quantity: int) -> Self:
        """Makes pieces that were set aside available again."""
        return replace(self, reserved=self.reserved - quantity)

    def sell(self, quantity: int) -> Self:
        """Pieces that were set aside leave the shelf."""
        return replace(self, on_hand=self.on_hand - quantity, reserved=self.reserved - quantity)

    def restock(self, quantity: int) -> Self:
        """Pieces that were sold come back to the shelf."""
        return replace(self, on_hand=self.on_hand + quantity)

    def _insufficient(self, requested: int, what: str) -> Refused:
        return Refused(
            "INSUFFICIENT_STOCK",
            f"can't {what} {requested} of {self.product}: {self.available} available",
            code=StatusCode.FAILED_PRECONDITION,
            metadata={"product": self.product, "available": str(self.available), "requested": str(requested)},
        )


@dataclass(frozen=True)
class Shelf:
    """The stocks that one reservation is about. A product that was never stocked has no pieces."""

    stocks: Mapping[str, Stock]

    def hold(self, lines: tuple[Line, ...]) -> Self:
        """Sets all the lines aside, or raises as `Stock.hold` does."""
        return self._each(lines, Stock.hold)

    def free(self, lines: tuple[Line, ...]) -> Self:
        """Makes all the lines available again."""
        return self._each(lines, Stock.free)

    def sell(self, lines: tuple[Line, ...]) -> Self:
        """All the lines leave the shelf."""
        return self._each(lines, Stock.sell)

    def restock(self, lines: tuple[Line, ...]) -> Self:
        """All the lines come back."""
        return self._each(lines, Stock.restock)

    def _each(self, lines: tuple[Line, ...], change: Callable[[Stock, int], Stock]) -> Self:
        changed = {
            line.product: change(self.stocks.get(line.product, Stock(line.product)), line.quantity) for line in lines
        }
        return replace(self, stocks={**self.stocks, **changed})


class State(Enum):
    """How far a reservation has come."""

    HELD = "HELD"
    COMMITTED = "COMMITTED"
    RELEASED = "RELEASED"
    EXPIRED = "EXPIRED"


@dataclass(frozen=True)
class Reservation:
    """Pieces of several products, set aside for one order.

    HELD means that the pieces are set aside. Once `expires_at` has passed, anybody who needs them may `expire` it.
    """

    name: str
    lines: tuple[Line, ...]
    expires_at: datetime
    state: State = State.HELD

    def hold(self, shelf: Shelf) -> tuple[Self, Shelf]:
        """Sets the lines aside for the first time.

        Raises:
            Refused: INSUFFICIENT_STOCK; then nothing is set aside.
        """
        return self, shelf.hold(self.lines)

    def hold_again(self, wanted: "Reservation", shelf: Shelf) -> tuple[Self, Shelf]:
        """The same reservation is asked for again: it is held at least as long as is wanted now.

        If it has expired meanwhile, its lines are set aside anew. If it is sold already, that's what it stays.

        Raises:
            Refused: RESERVATION_RELEASED when it was given back, RESERVATION_EXISTS when it has other lines,
                INSUFFICIENT_STOCK when it had expired and somebody else has the pieces.
        """
        if self.state is State.RELEASED:
            raise self._released()
        if sorted(self.lines) != sorted(wanted.lines):
            raise Refused(
                "RESERVATION_EXISTS",
                f"{self.name} exists with other lines: choose another name, or ask for the same lines",
                code=StatusCode.ALREADY_EXISTS,
                metadata={"reservation": self.name},
            )
        if self.state is State.COMMITTED:
            return self, shelf
        if self.state is State.EXPIRED:
            shelf = shelf.hold(self.lines)
        return replace(self, state=State.HELD, expires_at=max(self.expires_at, wanted.expires_at)), shelf

    def commit(self, shelf: Shelf) -> tuple[Self, Shelf]:
        """Turns the pieces into sold ones. Committing twice is the same as committing once.

        A reservation that has expired is committed too if its pieces are still there: they have been paid for.

        Raises:
            Refused: RESERVATION_RELEASED, or RESERVATION_EXPIRED when somebody else has the pieces.
        """
        if self.state is State.COMMITTED:
            return self, shelf
        if self.state is State.RELEASED:
            raise self._released()
        if self.state is State.EXPIRED:
            try:
                shelf = shelf.hold(self.lines)
            except Refused as short:
                raise Refused(
                    "RESERVATION_EXPIRED",
                    f"{self.name} was held until {self.expires_at:%FT%TZ}, and its pieces are gone: {short.message}",
                    code=StatusCode.FAILED_PRECONDITION,
                    metadata={"reservation": self.name, **short.metadata},
                ) from short
        return replace(self, state=State.COMMITTED), shelf.sell(self.lines)

    def release(self, shelf: Shelf) -> tuple[Self, Shelf]:
        """Gives back what was set aside or sold. Releasing twice is the same as releasing once."""
        if self.state is State.HELD:
            shelf = shelf.free(self.lines)
        if self.state is State.COMMITTED:
            shelf = shelf.restock(self.lines)
        return replace(self, state=State.RELEASED), shelf

    def expire(self, shelf: Shelf, now: datetime) -> tuple[Self, Shelf]:
        """Makes the pieces available again if nobody came for them in time."""
        if self.state is not State.HELD or now < self.expires_at:
            return self, shelf
        return replace(self, state=State.EXPIRED), shelf.free(self.lines)

    def _released(self) -> Refused:
        return Refused(
            "RESERVATION_RELEASED",
            f"{self.name} was released: reserve under another name",
            code=StatusCode.FAILED_PRECONDITION,
            metadata={"reservation": self.name},
        )


def tombstone(name: str, now: datetime) -> Reservation:
    """What a release leaves that comes before its reservation: the reservation is refused when it arrives."""
    return Reservation(name, lines=(), expires_at=now, state=State.RELEASED)
