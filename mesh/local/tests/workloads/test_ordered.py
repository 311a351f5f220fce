"""What a StatefulSet does next."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souk_mesh.workloads.ordered import Member, OrderedPlan, Wish, plan_ordered

THREE = Wish(start=0, replicas=3, revision="new")


def members(*available: bool, revision: str = "new") -> tuple[Member, ...]:
    return tuple(Member(number, revision, each) for number, each in enumerate(available))


def test_the_first_pod_comes_alone() -> None:
    assert plan_ordered(THREE, ()) == OrderedPlan(create=(0,))


def test_the_next_waits_until_the_one_before_it_is_available() -> None:
    assert plan_ordered(THREE, members(False)) == OrderedPlan()
    assert plan_ordered(THREE, members(True)) == OrderedPlan(create=(1,))


def test_in_parallel_all_come_at_once() -> None:
    assert plan_ordered(replace(THREE, in_order=False), members(False)) == OrderedPlan(create=(1, 2))


def test_a_number_is_given_again_only_when_the_pod_that_had_it_is_gone() -> None:
    leaving = Member(0, "new", available=False, leaving=True)
    assert plan_ordered(THREE, (leaving,)) == OrderedPlan()
    assert plan_ordered(replace(THREE, in_order=False), (leaving,)) == OrderedPlan(create=(1, 2))


def test_a_gap_is_filled_before_anything_else() -> None:
    first, _, third = members(True, True, True)
    assert plan_ordered(THREE, (first, third)) == OrderedPlan(create=(1,))


def test_scaling_down_ends_the_highest_and_waits_until_it_is_gone() -> None:
    one = replace(THREE, replicas=1)
    assert plan_ordered(one, members(True, True, True)) == OrderedPlan(delete=(2,))
    *others, highest = members(True, True, True)
    assert plan_ordered(one, (*others, replace(highest, leaving=True))) == OrderedPlan()


def test_scaling_down_in_parallel_ends_all_that_are_too_many() -> None:
    one = replace(THREE, replicas=1, in_order=False)
    assert plan_ordered(one, members(True, True, True)) == OrderedPlan(delete=(2, 1))


def test_scaling_down_waits_for_those_that_stay() -> None:
    assert plan_ordered(replace(THREE, replicas=1), members(False, True)) == OrderedPlan()


@pytest.mark.parametrize("in_order", [True, False])
def test_an_update_replaces_the_highest_first_and_one_after_the_other(in_order: bool) -> None:
    wish = replace(THREE, in_order=in_order)
    old = members(True, True, True, revision="old")
    assert plan_ordered(wish, old) == OrderedPlan(delete=(2,))
    assert plan_ordered(wish, (*old[:2], Member(2, "new", available=True))) == OrderedPlan(delete=(1,))
    assert plan_ordered(wish, (*old[:2], Member(2, "new", available=False))) == OrderedPlan()


def test_an_update_stops_at_the_partition() -> None:
    wish = replace(THREE, update_from=2)
    old = members(True, True, True, revision="old")
    assert plan_ordered(wish, old) == OrderedPlan(delete=(2,))
    assert plan_ordered(wish, (*old[:2], Member(2, "new", available=True))) == OrderedPlan()


def test_the_partition_is_counted_from_the_first_number() -> None:
    wish = Wish(start=5, replicas=2, revision="new", update_from=1)
    old = tuple(Member(number, "old", available=True) for number in (5, 6))
    assert plan_ordered(wish, old) == OrderedPlan(delete=(6,))
    assert plan_ordered(wish, (old[0], Member(6, "new", available=True))) == OrderedPlan()


def test_on_delete_replaces_nothing_by_itself() -> None:
    old = members(True, True, True, revision="old")
    assert plan_ordered(replace(THREE, update_from=None), old) == OrderedPlan()


def test_a_pod_that_never_became_ready_blocks_its_update_as_in_a_cluster() -> None:
    assert plan_ordered(THREE, members(True, False, revision="old")) == OrderedPlan()


@given(st.integers(0, 4), st.integers(0, 4), st.booleans(), st.integers(0, 2))
def test_every_story_ends_with_the_pods_that_were_asked_for(
    before: int, wanted: int, ordered: bool, start: int
) -> None:
    wish = Wish(start, wanted, "new", ordered)
    pods = {number: Member(number, "old", available=True) for number in range(before)}
    for _ in range(60):
        due = plan_ordered(wish, tuple(pods.values()))
        if due == OrderedPlan() and all(each.available and not each.leaving for each in pods.values()):
            break
        pods = {number: replace(each, available=True) for number, each in pods.items() if not each.leaving}
        pods |= {number: replace(pods[number], leaving=True, available=False) for number in due.delete}
        assert not pods.keys() & set(due.create)
        pods |= {number: Member(number, "new", available=False) for number in due.create}
    assert sorted(pods) == list(range(start, start + wanted))
    assert all(each.revision == "new" for each in pods.values())
