"""The rules, without a database."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from souk_catalog.domain import Details, Product, unreadable
from souk_chassis.errors import Refused
from souk_chassis.money import Money

START = datetime(2026, 1, 1, tzinfo=UTC)
LAMP = Product("products/lamp", Details("Lamp", "", Money("EUR", 5)), START, START)
details = st.builds(
    Details, st.sampled_from(["Lamp", "Torch"]), st.just(""), st.builds(Money, st.just("EUR"), st.integers(1, 2))
)


@given(st.lists(details, max_size=10))
def test_two_states_of_a_product_never_share_an_etag(history: list[Details]) -> None:
    product, seen = LAMP, {LAMP.etag: LAMP}
    for number, wanted in enumerate(history):
        product = product.revise(wanted, START + timedelta(seconds=number))
        assert product.details == wanted
        assert seen.setdefault(product.etag, product) == product


def test_a_product_made_anew_has_another_etag() -> None:
    anew = START + timedelta(microseconds=1)
    assert Product(LAMP.name, LAMP.details, anew, anew).etag != LAMP.etag


def test_a_condition_holds_for_the_current_etag_and_for_none() -> None:
    LAMP.must_be("")
    LAMP.must_be(LAMP.etag)
    for other in ('"x"', LAMP.etag.strip('"'), f"W/{LAMP.etag}"):
        with pytest.raises(Refused, match="ETAG_MISMATCH"):
            LAMP.must_be(other)


@given(st.text(st.characters(exclude_categories=["Cc"])))
def test_all_letters_of_the_world_are_readable(text: str) -> None:
    assert unreadable(text, text) == []
