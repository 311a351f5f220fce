"""Ranges as regular expressions."""

import re

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from souk_gateway.ranges import pattern

NUMBERS = st.integers(-(2**63), 2**64 - 1)


@given(NUMBERS, NUMBERS, st.data())
@example(1, 10_000, None)
@example(0, 0, None)
@example(-1_000_000, 1_000_000, None)
def test_a_number_is_taken_if_it_is_within_the_range_and_only_then(one: int, other: int, data: st.DataObject) -> None:
    low, high = sorted((one, other))
    taken = re.compile(pattern(low, high))
    near = [low - 1, low, low + 1, high - 1, high, high + 1, (low + high) // 2, 0, -low, -high]
    drawn = [] if data is None else [data.draw(st.integers(low, high)), data.draw(NUMBERS)]
    for number in [*near, *drawn]:
        assert bool(taken.match(str(number))) == (low <= number <= high), number


@pytest.mark.parametrize("text", ["007", "+7", "-0", "", "7.0", " 7"])
def test_a_number_that_is_written_otherwise_is_not_taken(text: str) -> None:
    assert not re.match(pattern(-100, 100), text)
