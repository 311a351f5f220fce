"""An answer is kept as what it has otherwise than its world's, and comes back whole."""

from __future__ import annotations

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from souk_oracle.merging import changes, merged

DATA = st.recursive(
    st.booleans() | st.integers() | st.text(max_size=3),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=6,
)
MAPPINGS = st.dictionaries(st.sampled_from("abc"), DATA, max_size=3)


@settings(suppress_health_check=[HealthCheck.too_slow])  # a busy machine takes its time to think of data
@given(MAPPINGS, MAPPINGS)
def test_changes_make_one_the_other(before: object, now: object) -> None:
    assert merged(before, changes(before, now)) == now  # type: ignore[arg-type]


def test_only_what_is_otherwise_is_kept() -> None:
    assert changes({"a": {"b": 1, "c": 2}, "d": 3, "e": 4}, {"a": {"b": 1, "c": 5}, "d": 3}) == {
        "a": {"c": 5},
        "e": None,
    }
