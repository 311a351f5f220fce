"""What istiod and the local mesh say differently, place by place."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Final

from souk_oracle.projection.sections import Json

_NOTHING: Final = "nothing"


@dataclass(frozen=True)
class Difference:
    """One place where the two are not the same."""

    path: str
    """`section/what/field/0/…`."""
    istiod: str
    """As JSON, or `nothing`."""
    ours: str

    def __str__(self) -> str:
        return f"{self.path}\n    istiod: {self.istiod}\n    ours:   {self.ours}"


def differences(istiod: Json, ours: Json, path: str = "") -> Iterator[Difference]:
    """Lists every place where the two differ, as deep down as possible."""
    if isinstance(istiod, dict) and isinstance(ours, dict):
        for key in sorted(istiod.keys() | ours.keys()):
            inner = f"{path}/{key}".lstrip("/")
            if key in istiod and key in ours:
                yield from differences(istiod[key], ours[key], inner)
            else:
                yield Difference(inner, _shown(istiod, key), _shown(ours, key))
    elif isinstance(istiod, list) and isinstance(ours, list) and len(istiod) == len(ours):
        for index, (one, other) in enumerate(zip(istiod, ours, strict=True)):
            yield from differences(one, other, f"{path}/{index}")
    elif istiod != ours or isinstance(istiod, bool) is not isinstance(ours, bool):
        yield Difference(path, json.dumps(istiod), json.dumps(ours))


@dataclass(frozen=True)
class Verdict:
    """What is left when the allowed differences are taken away."""

    differences: tuple[Difference, ...]
    needless: tuple[str, ...]
    """Allowed differences that don't exist."""


def judge(found: Sequence[Difference], allowed: Mapping[str, str]) -> Verdict:
    """Takes away what is allowed.

    Args:
        found: all differences.
        allowed: reasons by path; a path covers what is below it, and `*` stands for anything.
    """
    used = {path for path in allowed if any(_covers(path, each.path) for each in found)}
    return Verdict(
        differences=tuple(each for each in found if not any(_covers(path, each.path) for path in allowed)),
        needless=tuple(path for path in allowed if path not in used),
    )


def _covers(allowed: str, path: str) -> bool:
    return fnmatchcase(path, allowed) or fnmatchcase(path, f"{allowed}/*")


def _shown(side: dict[str, Json], key: str) -> str:
    return json.dumps(side[key]) if key in side else _NOTHING
