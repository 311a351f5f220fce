"""A change of an object that others may change as well."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from souk_canary.homes import Changed, Document, Home, HomeError, Key

TRIES = 10
"""Of a write that others get in the way of: each time somebody else wrote between our reading and our writing."""


Written = TypeVar("Written", Document, Document | None)


def rewrite(home: Home, key: Key, change: Callable[[Document], Written]) -> Written:
    """Writes what `change` makes of an object as it is now, and returns it as it is stored; None when that is None.

    Whoever wrote in between is not overwritten: the change is made anew from what they wrote.

    Raises:
        HomeError: the home does not answer, or others keep changing the object.
    """
    for _ in range(TRIES):
        changed = change(home.read(key))
        if changed is None:
            return changed
        try:
            return home.replace(changed)
        except Changed:
            continue
    raise HomeError(f"{key} was changed by others {TRIES} times while it was to be written")
