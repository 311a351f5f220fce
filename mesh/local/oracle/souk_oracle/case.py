"""A case: one YAML file that says which pod looks at which objects, and what of its configuration is compared."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from souk_oracle.projection.sections import Section

ORACLE = Path(__file__).parents[1]
CASES, WORLDS = ORACLE / "cases", ORACLE / "worlds"
NO_WORLD = "none"

Document = Mapping[str, Any]
"""A YAML document, as it was read."""


class CaseError(Exception):
    """A case can't be read; says which file, and what to do."""


class Header(BaseModel):
    """The first document of a case."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    case: str = Field(min_length=1)
    """A sentence that is true of Istio."""
    world: str = "shop"
    proxy: str = "client"
    """A Deployment, whose first pod looks; `namespace/name` when it is not in the namespace shop."""
    compare: tuple[Section, ...] = Field(default=get_args(Section), min_length=1)
    differs: Mapping[str, str] = {}
    """Paths where the local mesh may differ, and why that cannot matter."""


@dataclass(frozen=True)
class Case:
    """One case, with the documents of its world before its own."""

    name: str
    """`family/name`, from the path of its file."""
    header: Header
    documents: tuple[Document, ...]


def case_names() -> list[str]:
    """The names of all cases."""
    return sorted(str(each.relative_to(CASES).with_suffix("")) for each in CASES.glob("*/*.yaml"))


def read_case(name: str) -> Case:
    """Reads a case and its world.

    Raises:
        CaseError: when one of the files is not as it should be.
    """
    file = CASES / f"{name}.yaml"
    first, *documents = _documents(file)
    try:
        header = Header.model_validate(first)
    except ValidationError as failure:
        mistakes = "; ".join(f"{'.'.join(map(str, each['loc']))}: {each['msg']}" for each in failure.errors())
        raise CaseError(f"{file}: the first document describes the case: {mistakes}") from None
    return Case(name, header, _replaced(read_world(header.world), documents))


@cache
def read_world(name: str) -> tuple[Document, ...]:
    """Reads the objects that cases have in common.

    Raises:
        CaseError: when there is no such world.
    """
    if name == NO_WORLD:
        return ()
    file = WORLDS / f"{name}.yaml"
    if not file.exists():
        known = ", ".join(sorted(each.stem for each in WORLDS.glob("*.yaml")))
        raise CaseError(f"{file}: there is no such world; there are {known}, and {NO_WORLD}")
    return _documents(file)


def _replaced(world: Iterable[Document], own: Iterable[Document]) -> tuple[Document, ...]:
    """The world's objects with the case's own: one that is of the same name takes the other's place."""
    return tuple({_identity(each): each for each in (*world, *own)}.values())


def _identity(document: Document) -> tuple[str, str, str]:
    metadata = document.get("metadata", {})
    return str(document.get("kind")), str(metadata.get("namespace")), str(metadata.get("name"))


def _documents(file: Path) -> tuple[Document, ...]:
    try:
        documents = [each for each in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader) if each is not None]
    except yaml.YAMLError as failure:
        raise CaseError(f"{file}: {failure}") from None
    if not documents or not all(isinstance(each, Mapping) for each in documents):
        raise CaseError(f"{file}: every document must be a mapping, and there must be at least one")
    return tuple(documents)
