"""The cases that prove what the local mesh does, as far as a field can be found in them."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

MESH = Path(__file__).resolve().parents[1]
FOLDERS = ("oracle", "behaviour")
"""Asked of istiod; seen by clients, here and on a cluster."""


@dataclass(frozen=True)
class Case:
    """One file of a case."""

    name: str
    """`oracle/retries/attempts`, as the file is called."""
    states: str
    """Its sentence, true of Istio."""
    differs: Mapping[str, str]
    """What is otherwise than in Istio, and why: of istiod's answers where, of what clients see in which home."""
    objects: Sequence[Mapping[str, Any]]

    @property
    def size(self) -> int:
        """How much it says: the less, the more it is about each part of it."""
        return len(repr(self.objects))

    @property
    def observed(self) -> bool:
        """Whether clients see what it states, so that what differs can matter."""
        return self.name.startswith("behaviour/")

    @property
    def file(self) -> str:
        """Where it stands in the local mesh's folder."""
        proof, _, rest = self.name.partition("/")
        return f"{proof}/cases/{rest}.yaml"


def cases(folder: Path = MESH) -> Sequence[Case]:
    """All there are, by name."""
    return tuple(case for proof in FOLDERS for case in _cases(folder / proof / "cases", proof))


def _cases(folder: Path, proof: str) -> Iterator[Case]:
    for file in sorted(folder.rglob("*.yaml")):
        documents = yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader)
        head, *objects = [each for each in documents if each]
        name = f"{proof}/{file.relative_to(folder).with_suffix('')}"
        yield Case(name, head["case"], head.get("differs") or {}, objects)


def of_kind(case: Case, kind: str) -> Iterable[Mapping[str, Any]]:
    """The objects of one kind in a case."""
    return (each for each in case.objects if each.get("kind") == kind)
