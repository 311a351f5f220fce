"""Money is exact, or it is an error."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from google.type import money_pb2
from hypothesis import given
from hypothesis import strategies as st
from souk_chassis.money import NANO, Money, MoneyError

VECTORS = json.loads((Path(__file__).parent / "money_vectors.json").read_text())
Fields = dict[str, Any]
Case = dict[str, Any]
OPERATIONS: dict[str, Callable[[Case], Any]] = {
    "add": lambda case: money(case["a"]) + money(case["b"]),
    "subtract": lambda case: money(case["a"]) - money(case["b"]),
    "multiply": lambda case: money(case["a"]) * case["times"],
    "negate": lambda case: -money(case["a"]),
    "compare": lambda case: (money(case["a"]) > money(case["b"])) - (money(case["a"]) < money(case["b"])),
    "parse": lambda case: money(case["a"]),
}
# Half of the range each, so that a sum of two fits.
totals = st.integers(min_value=-(2**62 - 1) * NANO, max_value=(2**62 - 1) * NANO)
amounts = totals.map(lambda total: Money.from_nanos("EUR", total))


def money(fields: Fields) -> Money:
    return Money.from_proto(money_pb2.Money(**fields))


@pytest.mark.parametrize("case", VECTORS, ids=lambda case: case["name"])
def test_every_implementation_agrees_on_the_vectors(case: Case) -> None:
    operation = OPERATIONS[case["operation"]]
    if case["result"] == "error":
        with pytest.raises(MoneyError):
            operation(case)
    elif isinstance(case["result"], int):
        assert operation(case) == case["result"]
    else:
        assert operation(case) == money(case["result"])


@given(totals, totals)
def test_sums_and_differences_are_those_of_the_integers(a: int, b: int) -> None:
    left, right = Money.from_nanos("EUR", a), Money.from_nanos("EUR", b)
    assert (left + right).total_nanos == a + b
    assert (left - right).total_nanos == a - b
    assert (left < right) == (a < b)


@given(st.integers(min_value=-(10**12), max_value=10**12), st.integers(min_value=-(10**6), max_value=10**6))
def test_a_product_is_that_of_the_integers(a: int, times: int) -> None:
    assert (Money.from_nanos("EUR", a) * times).total_nanos == a * times
    assert times * Money.from_nanos("EUR", a) == Money.from_nanos("EUR", a) * times


@given(amounts)
def test_the_wire_and_one_number_keep_every_amount(amount: Money) -> None:
    assert Money.from_proto(amount.to_proto()) == amount
    assert Money.from_nanos("EUR", amount.total_nanos) == amount
    assert amount + -amount == Money("EUR")


@given(amounts)
def test_units_and_nanos_never_differ_in_sign(amount: Money) -> None:
    assert amount.units * amount.nanos >= 0


def test_an_amount_reads_as_people_write_it() -> None:
    assert str(Money("EUR", 12, 500_000_000)) == "12.50 EUR"
    assert str(Money("EUR", 0, -5_000_000)) == "-0.005 EUR"
    assert not Money("EUR")


@pytest.mark.parametrize("operate", [lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a < b])
def test_two_currencies_do_not_mix(operate: Callable[[Money, Money], object]) -> None:
    with pytest.raises(MoneyError, match="different currencies"):
        operate(Money("EUR", 1), Money("USD", 1))
    assert Money("EUR", 1) != Money("USD", 1)
