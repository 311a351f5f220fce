"""From a directory with a kustomization to typed objects, or to everything that is wrong with them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from souk_mesh.objects import AnyObject, Malformed, ObjectKey, parse
from souk_mesh.overlays.documents import Sources, find_sources
from souk_mesh.overlays.kustomize import Building, Unbuildable
from souk_mesh.problems import Problem, Rejected


@dataclass(frozen=True)
class Overlay:
    """The objects of one kustomization, and where they were written."""

    name: str
    objects: tuple[AnyObject, ...]
    sources: Sources
    refused: tuple[Problem, ...] = ()
    """The mistakes of those that are no objects that the local mesh accepts."""

    def locate(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Adds to each problem the file and line that it is about."""
        return tuple(_locate(problem, self.name, self.sources) for problem in problems)


def load(building: Building, root: Path) -> Overlay:
    """Reads what is being built; files are named relative to `root`.

    Raises:
        Rejected: with what kustomize says.
    """
    directory = building.directory
    name = "/".join(directory.resolve().parts[-2:])
    sources = find_sources(directory, root)
    try:
        objects, refused = read(building.text())
    except Unbuildable as failure:
        raise Rejected([Problem(failure.subject, (), failure.message, failure.notes)]) from None
    return Overlay(name, objects, sources, tuple(_locate(problem, name, sources) for problem in refused))


def read(text: str) -> tuple[tuple[AnyObject, ...], tuple[Problem, ...]]:
    """Reads YAML documents into objects, and lists every mistake in the others."""
    objects: list[AnyObject] = []
    problems: list[Problem] = []
    try:
        documents = list(yaml.load_all(text, Loader=yaml.CSafeLoader))
    except yaml.YAMLError as failure:
        return (), (Problem("YAML", (), str(failure)),)
    for document in documents:
        if document is None:
            continue
        if not isinstance(document, Mapping):
            problems.append(Problem("YAML", (), f"a document must be an object, not a {type(document).__name__}"))
            continue
        try:
            objects.append(parse(document))
        except Malformed as malformed:
            subject = _key(document)
            for error in malformed.errors:
                notes = (error.remedy,) if error.remedy else ()
                problems.append(Problem(subject, error.steps, error.message, notes))
    return tuple(objects), tuple(problems)


def _key(document: Mapping[str, object]) -> ObjectKey:
    metadata = document.get("metadata")
    metadata = metadata if isinstance(metadata, Mapping) else {}
    return ObjectKey(
        str(document.get("kind") or "object"), str(metadata.get("namespace") or ""), str(metadata.get("name") or "?")
    )


def _locate(problem: Problem, origin: str, sources: Sources) -> Problem:
    return replace(problem, origin=origin, location=sources.find(problem.subject, problem.steps))
