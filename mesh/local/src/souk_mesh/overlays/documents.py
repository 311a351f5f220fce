"""The YAML files that a kustomization is made of, searched for where an object and its fields were written."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import yaml

from souk_mesh.objects import ObjectKey
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Location

KUSTOMIZATIONS = ("kustomization.yaml", "kustomization.yml", "Kustomization")
GENERATORS = {"configMapGenerator": "ConfigMap", "secretGenerator": "Secret"}


@dataclass(frozen=True)
class Document:
    """One YAML document: of a resource, a patch, or what a generator makes an object from."""

    kind: str
    name: str
    """Empty for a patch of all objects of its kind."""
    generated: bool
    """A generated object's name ends with a hash."""
    file: Path
    node: yaml.Node
    prefix: Steps = ()
    """Where in the object the node belongs: the path of a JSON patch."""
    line: int = 0
    """The line of the file on which the text of the node begins."""

    def makes(self, kind: str, name: str) -> bool:
        """Tells whether an object of this kind and name comes from it."""
        return self.kind == kind and (self.name in (name, "") or (self.generated and name.startswith(f"{self.name}-")))

    def walk(self, steps: Steps) -> tuple[int, yaml.Node]:
        """Follows a way as far as this document has it; returns how far, and what is there."""
        if self.generated:
            return 0, self.node
        node = self.node
        for depth, step in enumerate(steps[len(self.prefix) :], len(self.prefix)):
            child = _child(node, step)
            if child is None:
                return depth, node
            node = child
        return len(steps), node


@dataclass(frozen=True)
class Sources:
    """Where each object was written, as far as that can be told from the files."""

    documents: tuple[Document, ...]
    directory: Path
    """Files are named relative to it."""

    def find(self, key: ObjectKey | str, steps: Steps = ()) -> Location | None:
        """Finds the line of a field: where it is written whole, in the last file that does so, or else the nearest."""
        if isinstance(key, str):
            return None
        best: tuple[int, Document, yaml.Node] | None = None
        for document in self.documents:
            if document.makes(key.kind, key.name) and steps[: len(document.prefix)] == document.prefix:
                depth, node = document.walk(steps)
                if best is None or depth > best[0] or depth == len(steps) > 0:
                    best = (depth, document, node)
        if best is None:
            return None
        _, document, node = best
        file = document.file
        shown = file.relative_to(self.directory) if file.is_relative_to(self.directory) else file
        return Location(str(shown), document.line + node.start_mark.line + 1)


def find_sources(directory: Path, root: Path) -> Sources:
    """Reads every file that the kustomization in `directory` names, and those of the kustomizations under it.

    What can't be read is left out: to judge it is kustomize's business.
    """
    return Sources(tuple(_kustomization(directory.resolve(), set())), root.resolve())


def _kustomization(directory: Path, seen: set[Path]) -> Iterator[Document]:
    file = next((directory / name for name in KUSTOMIZATIONS if (directory / name).is_file()), None)
    if file is None or directory in seen:
        return
    seen.add(directory)
    for content in _nodes(file):
        for field in ("resources", "components"):
            for item in _items(content, field):
                yield from _resource(directory / str(_value(item)), seen)
        for field, kind in GENERATORS.items():
            for item in _items(content, field):
                yield Document(kind, _text(item, "name"), True, file, item)
        for item in _items(content, "patches"):
            target = _child(item, "target")
            path = _text(item, "path")
            for document in _resource(directory / path, seen) if path else _inline(file, item):
                # A patch with a target is for what the target says, whatever name stands in the patch itself.
                yield (
                    document
                    if target is None
                    else replace(document, kind=_text(target, "kind") or document.kind, name=_text(target, "name"))
                )


def _inline(file: Path, item: yaml.Node) -> Iterator[Document]:
    patch = _child(item, "patch")
    if not isinstance(patch, yaml.ScalarNode):
        return
    # The text of a block begins on the line after its `|`.
    line = patch.start_mark.line + (1 if patch.style in ("|", ">") else 0)
    for node in _compose(str(patch.value)):
        if isinstance(node, yaml.MappingNode):
            yield Document(_text(node, "kind"), _name(node), False, file, node, (), line)
        for operation in node.value if isinstance(node, yaml.SequenceNode) else ():
            value = _child(operation, "value")
            if value is not None:
                yield Document("", "", False, file, value, _pointer(_text(operation, "path")), line)


def _pointer(path: str) -> Steps:
    parts = [part.replace("~1", "/").replace("~0", "~") for part in path.split("/")[1:]]
    return tuple(int(part) if part.isdecimal() else part for part in parts)


def _resource(path: Path, seen: set[Path]) -> Iterator[Document]:
    path = path.resolve()
    if path.is_dir():
        yield from _kustomization(path, seen)
    elif path.is_file():
        for node in _nodes(path):
            if _name(node):
                yield Document(_text(node, "kind"), _name(node), False, path, node)


def _nodes(file: Path) -> list[yaml.Node]:
    try:
        return _compose(file.read_text())
    except (OSError, UnicodeDecodeError):
        return []


def _compose(text: str) -> list[yaml.Node]:
    try:
        return [node for node in yaml.compose_all(text, Loader=yaml.CSafeLoader) if node is not None]
    except yaml.YAMLError:
        return []


def _name(node: yaml.Node) -> str:
    metadata = _child(node, "metadata")
    return _text(metadata, "name") if metadata is not None else ""


def _child(node: yaml.Node, step: int | str) -> yaml.Node | None:
    if isinstance(node, yaml.MappingNode):
        return next((value for key, value in node.value if _value(key) == str(step)), None)
    if isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
        child = node.value[step]
        return child if isinstance(child, yaml.Node) else None
    return None


def _items(node: yaml.Node, field: str) -> list[yaml.Node]:
    child = _child(node, field)
    return list(child.value) if isinstance(child, yaml.SequenceNode) else []


def _text(node: yaml.Node, field: str) -> str:
    child = _child(node, field)
    return _value(child) if child is not None else ""


def _value(node: yaml.Node) -> str:
    return str(node.value) if isinstance(node, yaml.ScalarNode) else ""
