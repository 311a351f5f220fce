"""What a StatefulSet does next: a rule over numbered pods, without processes or clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Member:
    """A pod with a number."""

    ordinal: int
    revision: str
    """The hash of the template that it was made from."""
    available: bool
    leaving: bool = False
    """Whether it is about to end: until it is gone, its number is taken."""


@dataclass(frozen=True)
class Wish:
    """What a StatefulSet asks for."""

    start: int
    replicas: int
    revision: str
    in_order: bool = True
    """OrderedReady: one pod after the other, each when those before it are available."""
    update_from: int | None = 0
    """Pods from this number on, counted from `start`, get the new template; None: no pod is replaced for its sake."""


@dataclass(frozen=True)
class OrderedPlan:
    """What to do now; the rest follows when the pods have changed."""

    create: tuple[int, ...] = ()
    delete: tuple[int, ...] = ()


def plan_ordered(wish: Wish, members: Sequence[Member]) -> OrderedPlan:
    """Says which numbers to create and delete next: up from the lowest, down from the highest."""
    wanted = range(wish.start, wish.start + wish.replicas)
    by_ordinal = {each.ordinal: each for each in members}
    kept = [by_ordinal[number] for number in wanted if number in by_ordinal]
    surplus = sorted((each for each in members if each.ordinal not in wanted), key=lambda each: -each.ordinal)
    missing = tuple(number for number in wanted if number not in by_ordinal)
    if wish.in_order:
        return _one_step(wish, wanted, by_ordinal, surplus)
    condemned = tuple(each.ordinal for each in surplus if not each.leaving)
    if missing or condemned:
        return OrderedPlan(missing, condemned)
    return _update(wish, kept)


def _one_step(wish: Wish, wanted: range, by_ordinal: dict[int, Member], surplus: Sequence[Member]) -> OrderedPlan:
    for number in wanted:
        member = by_ordinal.get(number)
        if member is None:
            return OrderedPlan(create=(number,))
        if member.leaving:
            return OrderedPlan()
        if not member.available:
            # Also when it is of an earlier template and never will be: in a cluster, too, somebody must delete it.
            return OrderedPlan()
    if surplus:
        return OrderedPlan() if surplus[0].leaving else OrderedPlan(delete=(surplus[0].ordinal,))
    return _update(wish, [by_ordinal[number] for number in wanted])


def _update(wish: Wish, kept: Sequence[Member]) -> OrderedPlan:
    """Replaces one pod of an earlier template, the highest first, as soon as those above it are available."""
    for member in sorted(kept, key=lambda each: -each.ordinal):
        if not _updatable(wish, member) or member.leaving:
            return OrderedPlan()
        if member.revision != wish.revision:
            return OrderedPlan(delete=(member.ordinal,))
        if not member.available:
            return OrderedPlan()
    return OrderedPlan()


def _updatable(wish: Wish, member: Member) -> bool:
    return wish.update_from is not None and member.ordinal >= wish.start + wish.update_from
