"""What an order is. How it comes about is the saga's business."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum

from grpc import StatusCode
from souk_chassis.errors import Refused
from souk_chassis.money import Money

from souk_order.saga import Funds, Progress


class State(Enum):
    """How far an order has come, as its customer sees it."""

    PENDING = "PENDING"
    CONFIRMED = "CONFIRMED"
    CANCELLING = "CANCELLING"
    CANCELLED = "CANCELLED"


@dataclass(frozen=True)
class Wish:
    """Some pieces of one product, not priced yet."""

    product: str
    quantity: int


@dataclass(frozen=True)
class Line:
    """Some pieces of one product, at the price they had when the order was placed."""

    product: str
    quantity: int
    unit_price: Money


@dataclass(frozen=True)
class Order:
    """What a customer has bought; `name` is `customers/{customer}/orders/{order}`."""

    name: str
    lines: tuple[Line, ...]
    created_at: datetime
    updated_at: datetime
    progress: Progress = field(default_factory=Progress)

    @property
    def customer(self) -> str:
        """Whose it is, `customers/{customer}`."""
        return self.name.partition("/orders/")[0]

    @property
    def reservation(self) -> str:
        """The name of its reservation at the inventory."""
        return f"reservations/{self._id}"

    @property
    def payment(self) -> str:
        """The name of its payment."""
        return f"payments/{self._id}"

    @property
    def was_charged(self) -> bool:
        """Whether the payment may exist."""
        return self.progress.funds is not Funds.UNTOUCHED

    @property
    def total(self) -> Money:
        """The sum of the lines."""
        total, *others = (line.unit_price * line.quantity for line in self.lines)
        for other in others:
            total += other
        return total

    @property
    def state(self) -> State:
        """Follows from how far the saga has come."""
        if self.progress.cancel_reason:
            return State.CANCELLED if self.settled else State.CANCELLING
        return State.CONFIRMED if self.settled else State.PENDING

    @property
    def settled(self) -> bool:
        """Whether it is confirmed or cancelled, so that nothing more happens by itself."""
        return self.progress.step is None

    @property
    def _id(self) -> str:
        return self.name.rpartition("/")[2]


def price(wishes: Sequence[Wish], prices: Mapping[str, Money]) -> tuple[Line, ...]:
    """The lines of a new order.

    Raises:
        Refused: CURRENCIES_DIFFER, since an order is paid for with one payment.
    """
    currencies = sorted({prices[wish.product].currency_code for wish in wishes})
    if len(currencies) > 1:
        raise Refused(
            "CURRENCIES_DIFFER",
            f"the products are priced in {' and '.join(currencies)}: order those of each currency by themselves",
            code=StatusCode.FAILED_PRECONDITION,
            metadata={"currencies": ",".join(currencies)},
        )
    return tuple(Line(wish.product, wish.quantity, prices[wish.product]) for wish in wishes)
