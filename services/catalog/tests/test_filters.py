"""What filters and orders say, without a database."""

from contextlib import suppress
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from souk_catalog import orders
from souk_catalog.filters import FIELDS, Operator, Restriction, parse
from souk_catalog.orders import Order
from souk_chassis.errors import Refused

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


def test_restrictions_are_joined_by_and() -> None:
    assert parse('price.units < 100 AND display_name:"lamp" AND create_time>"2026-01-01T01:00:00+01:00"') == (
        Restriction("price.units", Operator.LESS, 100),
        Restriction("display_name", Operator.HAS, "lamp"),
        Restriction("create_time", Operator.GREATER, NEW_YEAR),
    )
    assert parse("") == parse("  ") == ()


restrictions = st.one_of(
    st.tuples(st.just("price.units"), st.integers(-(10**18) + 1, 10**18 - 1)),
    st.tuples(st.just("display_name"), st.text(st.characters(exclude_categories=["Cc", "Cs"]), min_size=1)),
    st.tuples(st.just("update_time"), st.datetimes(timezones=st.just(UTC))),
).flatmap(
    lambda pair: st.builds(
        Restriction, st.just(pair[0]), st.sampled_from(sorted(FIELDS[pair[0]].operators)), st.just(pair[1])
    )
)


def written(restriction: Restriction) -> str:
    match restriction.value:
        case int():
            value = str(restriction.value)
        case datetime():
            value = f'"{restriction.value.isoformat()}"'
        case text:
            escaped = text.replace("\\", "\\\\").replace('"', '\\"')
            value = f'"{escaped}"'
    return f"{restriction.field}{restriction.operator}{value}"


@settings(max_examples=50)
@given(st.lists(restrictions, min_size=1, max_size=10))
def test_what_is_written_is_read(wanted: list[Restriction]) -> None:
    assert parse(" AND ".join(map(written, wanted))) == tuple(wanted)


REFUSED = {
    'colour = "red"': "column 1: expected one of the fields display_name, price.currency_code, price.units,",
    'description:"x"': "column 1: expected one of the fields",
    "price.units : 5": "column 13: expected one of =, !=, <, <=, >, >= after price.units",
    'display_name > "a"': "column 14: expected one of =, !=, : after display_name",
    "price.units < ten": "column 15: expected a whole number",
    "price.units < 1.5": "column 15: expected a whole number",
    "price.units < 1234567890123456789": "column 15: expected a whole number",
    "display_name = lamp": "column 16: expected a text in double quotes; lamp stands there",
    'display_name = ""': "column 16: expected a text that is not empty",
    'display_name = "a\0"': "column 16: expected a text that is not empty and has no control characters",
    'create_time > "yesterday"': "column 15: expected a moment",
    'create_time > "2026-01-01T00:00:00"': "column 15: expected a moment with its time zone",
    'create_time > "0001-01-01T00:00:00+14:00"': "column 15: expected a moment",
    "price.units < 1 OR price.units > 5": "column 17: expected AND; OR, NOT and parentheses are not supported",
    "price.units < 1 price.units > 5": "column 17: expected AND",
    "NOT price.units < 1": "column 1: expected one of the fields",
    "price.units < 1 AND": "column 20: expected one of the fields",
    "price.units <": "column 14: expected a whole number of up to 18 digits; the filter ends",
    "price.units": "column 12: expected one of =",
    "(price.units < 1)": "column 1: can't be read from",
    "display_name = 'lamp'": "column 16: can't be read from \"'lamp'\" on; texts stand in double quotes",
    'display_name = "lamp': "column 16: can't be read from",
    " AND ".join(["price.units < 1"] * 11): "11 restrictions; 10 at the most",
}


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_not_understood_is_refused_with_its_column(text: str) -> None:
    with pytest.raises(Refused, match="INVALID_ARGUMENT") as caught:
        parse(text)
    (violation,) = caught.value.violations
    assert violation.field == "filter"
    assert violation.description.startswith(REFUSED[text])


@given(st.text())
def test_any_text_is_read_or_refused(text: str) -> None:
    with suppress(Refused):
        assert all(each.field in FIELDS for each in parse(text))


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("", Order("name")),
        ("name", Order("name")),
        ("name desc", Order("name", descending=True)),
        ("display_name", Order("display_name")),
        ("display_name asc, name", Order("display_name")),
        (" create_time  desc ,name desc", Order("create_time", descending=True)),
    ],
)
def test_an_order_is_by_one_field_and_then_by_name(text: str, order: Order) -> None:
    assert orders.parse(text) == order


@pytest.mark.parametrize(
    "text", ["price.units", "display_name desc, name", "name, display_name", "name,name", ",", "name down", "Name"]
)
def test_an_order_without_an_index_is_refused(text: str) -> None:
    with pytest.raises(Refused, match="must be one of name, display_name, create_time") as caught:
        orders.parse(text)
    assert [violation.field for violation in caught.value.violations] == ["order_by"]
