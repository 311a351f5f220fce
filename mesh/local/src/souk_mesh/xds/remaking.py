"""Makes again only what is made from something else than before: all that translation needs to be incremental.

What is made by a pure function is kept together with what it was made from. Next time it is taken as it is if that is
equal, which costs next to nothing where it is the same object. What nobody wants any more is simply not taken over.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key")
Inputs = TypeVar("Inputs")
Result = TypeVar("Result")
Thing = TypeVar("Thing")


@dataclass(frozen=True)
class Made(Generic[Inputs, Result]):
    """A result, and what it was made from."""

    inputs: Inputs
    result: Result


def kept(before: Made[Inputs, Result] | None, inputs: Inputs, make: Callable[[Inputs], Result]) -> Made[Inputs, Result]:
    """What was made before, if it was made from the same, else something new."""
    return before if before is not None and same(before.inputs, inputs) else Made(inputs, make(inputs))


def each_kept(
    before: Mapping[Key, Made[Inputs, Result]], inputs: Mapping[Key, Inputs], make: Callable[[Inputs], Result]
) -> Mapping[Key, Made[Inputs, Result]]:
    """The same for many; the very mapping of before if nothing in it is new or gone."""
    return same_if_equal({key: kept(before.get(key), given, make) for key, given in inputs.items()}, before)


def same(one: object, other: object) -> bool:
    """Whether two are equal; by themselves, dataclasses and mappings are compared part by part even with themselves."""
    return one is other or one == other


def same_if_equal(after: Thing, before: Thing) -> Thing:
    """The object of before, if it is equal: whoever compares it later sees at once that it is the same."""
    return before if same(after, before) else after
