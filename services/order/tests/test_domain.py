"""What an order is."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from souk_chassis.errors import Refused
from souk_chassis.money import Money
from souk_order.domain import Line, Order, State, Wish, price
from souk_order.saga import Funds, Progress, Step

NOW = datetime(2030, 1, 1, tzinfo=UTC)
LAMP, RUG = Money("EUR", 19, 990_000_000), Money("EUR", 250)
ORDER = Order("customers/ada/orders/o-1", (Line("products/lamp", 3, LAMP), Line("products/rug", 1, RUG)), NOW, NOW)


def test_the_total_is_exact() -> None:
    assert ORDER.total == Money("EUR", 309, 970_000_000)


def test_reservation_and_payment_are_named_after_the_order() -> None:
    assert (ORDER.customer, ORDER.reservation, ORDER.payment) == ("customers/ada", "reservations/o-1", "payments/o-1")


@pytest.mark.parametrize(
    ("progress", "state"),
    [
        (Progress(), State.PENDING),
        (Progress(step=Step.COMMIT, funds=Funds.TAKEN), State.PENDING),
        (Progress(step=Step.AUTHORIZE, cancel_reason="X"), State.CANCELLING),
        (Progress(step=None, cancel_reason="X"), State.CANCELLED),
        (Progress(step=None, funds=Funds.TAKEN), State.CONFIRMED),
    ],
)
def test_the_state_follows_from_the_saga(progress: Progress, state: State) -> None:
    assert replace(ORDER, progress=progress).state is state


def test_lines_keep_the_price_of_the_day() -> None:
    wishes = [Wish("products/rug", 2), Wish("products/lamp", 1)]
    assert price(wishes, {"products/lamp": LAMP, "products/rug": RUG}) == (
        Line("products/rug", 2, RUG),
        Line("products/lamp", 1, LAMP),
    )


def test_an_order_in_two_currencies_is_refused() -> None:
    with pytest.raises(Refused, match="EUR and USD") as refused:
        price([Wish("products/a", 1), Wish("products/b", 1)], {"products/a": LAMP, "products/b": Money("USD", 1)})
    assert refused.value.reason == "CURRENCIES_DIFFER"
