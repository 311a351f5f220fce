"""From a directory with a kustomization to typed objects, or to everything that is wrong with them."""

from __future__ import annotations

import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from souk_mesh.documents import Sources, find_sources
from souk_mesh.objects import AnyObject, Malformed, ObjectKey, parse
from souk_mesh.problems import Problem, Rejected

BUILD_SECONDS = 60


@dataclass(frozen=True)
class Overlay:
    """The objects of one kustomization, and where they were written."""

    name: str
    objects: tuple[AnyObject, ...]
    sources: Sources

    def locate(self, problems: Iterable[Problem]) -> tuple[Problem, ...]:
        """Adds to each problem the file and line that it is about."""
        return tuple(_locate(problem, self.name, self.sources) for problem in problems)


def load(directory: Path, kustomize: Path, root: Path) -> Overlay:
    """Builds the kustomization and reads what it makes; files are named relative to `root`.

    Raises:
        Rejected: with all mistakes of all objects, or with what kustomize says.
    """
    name = "/".join(directory.resolve().parts[-2:])
    text = build(directory, kustomize)
    sources = find_sources(directory, root)
    objects, problems = read(text)
    if problems:
        raise Rejected(_locate(problem, name, sources) for problem in problems)
    return Overlay(name, objects, sources)


def build(directory: Path, kustomize: Path) -> str:
    """Runs `kustomize build`.

    Raises:
        Rejected: when the program or the kustomization is missing, or kustomize refuses.
    """
    if not directory.is_dir():
        raise Rejected([Problem(str(directory), (), "is no directory; name one that holds a kustomization.yaml")])
    try:
        # Its load restrictor stays on: what builds here must build anywhere.
        done = subprocess.run(
            [kustomize, "build", directory], capture_output=True, text=True, timeout=BUILD_SECONDS, check=False
        )
    except OSError as failure:
        message = f"can't be run: {failure.strerror}"
        raise Rejected([Problem(str(kustomize), (), message, ("`make env` builds it",))]) from None
    except subprocess.TimeoutExpired:
        message = f"kustomize was not done after {BUILD_SECONDS} s"
        raise Rejected([Problem(str(directory), (), message, ("does it name a remote resource?",))]) from None
    if done.returncode != 0:
        said = tuple(line for line in done.stderr.removeprefix("Error: ").splitlines() if line.strip())
        raise Rejected([Problem(str(directory), (), "kustomize can't build it", said)])
    return done.stdout


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
