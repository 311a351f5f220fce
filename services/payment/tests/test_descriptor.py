from hypothesis import given
from hypothesis import strategies as st
from souk_payment.descriptor import MAX_LENGTH, Style


def test_version_1_names_the_shop() -> None:
    assert Style.PLAIN.describe("customers/c/orders/o-1") == "SOUK"


def test_version_2_names_the_order_too() -> None:
    assert Style.ORDER.describe("customers/c/orders/o-1") == "SOUK O-1"


def test_of_a_long_order_id_the_end_is_named() -> None:
    order = "customers/c/orders/7d9f2c1e-7a3b-4c55-9d10-3f0a5b6c7d8e"
    assert Style.ORDER.describe(order) == "SOUK 9D10-3F0A5B6C7D8E"


@given(st.from_regex(r"\Acustomers/[a-z0-9-]{1,40}/orders/[a-z0-9-]{1,40}\Z"))
def test_no_order_makes_it_longer_than_card_networks_print(order: str) -> None:
    assert len(Style.ORDER.describe(order)) <= MAX_LENGTH
