"""Istiod's answers, as they are kept in git: for each world what a pod is told, for each case what is otherwise."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import cast

from souk_oracle.case import ORACLE, CaseError, Header
from souk_oracle.merging import changes, merged
from souk_oracle.projection.sections import Json, Projection

ANSWERS = ORACLE / "answers"
VERSION = ANSWERS / "VERSION"
"""The version of Istio that gave them."""

_WORLDS = "worlds"


def world_answer(header: Header) -> str:
    """The name of the answer for the world of a case, as the same pod sees it."""
    return f"{_WORLDS}/{header.world}/{header.proxy.replace('/', '.')}"


def read(name: str, before: Projection | None = None) -> Projection:
    """Reads an answer; of a case it needs that of its world, too.

    Raises:
        CaseError: when it was never asked for.
    """
    try:
        written: Mapping[str, Json] = json.loads(_file(name).read_text())
    except FileNotFoundError:
        raise CaseError(f"istiod has not been asked about {name} yet: run `make oracle ONLY={name}`") from None
    return cast(Projection, {section: merged(_section(before, section), each) for section, each in written.items()})


def write(name: str, answer: Projection, before: Projection | None = None) -> bool:
    """Writes an answer: of a case only what is not as in its world. Returns whether the file is now another."""
    written = {section: changes(_section(before, section), {**now}) for section, now in answer.items()}
    text = json.dumps(written, indent=1, sort_keys=True) + "\n"
    file = _file(name)
    if file.exists() and file.read_text() == text:
        return False
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    return True


def names() -> list[str]:
    """The names of all answers, those of worlds among them."""
    return sorted(str(each.relative_to(ANSWERS).with_suffix("")) for each in ANSWERS.rglob("*.json"))


def remove(name: str) -> None:
    """Removes an answer that nobody asks for any more."""
    _file(name).unlink()


def _file(name: str) -> Path:
    return ANSWERS / f"{name}.json"


def _section(projection: Projection | None, section: str) -> Json:
    return dict(cast(Mapping[str, Mapping[str, Json]], projection or {}).get(section, {}))
