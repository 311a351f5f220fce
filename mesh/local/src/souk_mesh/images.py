"""Which program of this machine stands for which image."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass, field
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, model_validator

from souk_mesh.objects import Container
from souk_mesh.topology import Proxy

TABLE = Path(__file__).with_name("images.toml")


class UnknownImage(Exception):
    """No program of this machine stands for an image."""


@dataclass(frozen=True)
class Program:
    """A program that a container of this image runs."""

    folder: Path
    entrypoint: tuple[str, ...]
    command: tuple[str, ...]
    programs: Path
    """The folder of the interpreter and of what came with it: the first on its PATH."""

    def argv(self, container: Container) -> tuple[str, ...]:
        """What to execute: as in Kubernetes, `command` replaces entrypoint and command, `args` the command."""
        if container.command:
            return (*container.command, *container.args)
        return (*self.entrypoint, *(container.args or self.command))


class _Image(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    repository: str = Field(pattern=r"^[a-z0-9./_-]+(/\*)?$")
    folder: str = "."
    entrypoint: tuple[str, ...] = ()
    command: tuple[str, ...] = ()
    proxy: Proxy | None = None

    @model_validator(mode="after")
    def _one(self) -> _Image:
        if bool(self.entrypoint) == (self.proxy is not None):
            raise ValueError("give an entrypoint or a proxy, one of the two")
        return self

    def matched(self, repository: str) -> str | None:
        """What `*` stands for in this repository, or None if it is another."""
        if not self.repository.endswith("*"):
            return "" if repository == self.repository else None
        prefix = self.repository.removesuffix("*")
        name = repository.removeprefix(prefix)
        return name if repository.startswith(prefix) and name and "/" not in name else None


class _Table(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    image: tuple[_Image, ...]


@dataclass(frozen=True)
class Tree:
    """A copy of the repository, with an environment of its own."""

    root: Path
    """Folders of the table are relative to it."""
    python: Path


@dataclass(frozen=True)
class Images:
    """The table, and where the programs that it names are to be found."""

    images: tuple[_Image, ...]
    tree: Tree
    """What every image is, unless it was registered."""
    registered: dict[str, Tree] = field(default_factory=dict)
    """What else images are, by their whole names; grows and shrinks while the mesh runs."""

    def register(self, image: str, tree: Tree) -> None:
        """Says that an image, by its whole name with its tag, is another tree's program.

        Raises:
            UnknownImage: that tree has no such program.
        """
        if not tree.python.exists():
            raise UnknownImage(f"its interpreter would be {tree.python}, which is not there")
        Images(self.images, tree).find(image)
        self.registered[image] = tree

    def forget(self, image: str) -> bool:
        """Takes that back: the image is this tree's program again. False when it was that anyway."""
        return self.registered.pop(image, None) is not None

    def find(self, image: str) -> Program | Proxy:
        """Finds what runs in the place of an image: a program, or the pod's Envoy alone.

        Raises:
            UnknownImage: saying what is missing.
        """
        tree = self.registered.get(image, self.tree)
        repository = repository_of(image)
        for entry in self.images:
            name = entry.matched(repository)
            if name is None:
                continue
            if entry.proxy is not None:
                return entry.proxy
            values = {
                "name": name,
                "module": name.replace("-", "_"),
                "python": str(tree.python),
                "bin": str(tree.python.parent),
            }
            folder = tree.root / entry.folder.format_map(values)
            if not folder.is_dir():
                raise UnknownImage(f"its program would be in {entry.folder.format_map(values)}, which is not there")
            return Program(
                folder,
                tuple(part.format_map(values) for part in entry.entrypoint),
                tuple(part.format_map(values) for part in entry.command),
                tree.python.parent,
            )
        raise UnknownImage(f"known images: {', '.join(entry.repository for entry in self.images)}")


def load_images(root: Path, python: Path, table: Path = TABLE) -> Images:
    """Reads the table of images."""
    return Images(_Table.model_validate(tomllib.loads(table.read_text())).image, Tree(root, python))


def repository_of(image: str) -> str:
    """Strips registry, tag and digest: `registry.example/souk/order:1@sha256:…` is `souk/order`."""
    first, slash, rest = image.partition("@")[0].partition("/")
    repository = rest if slash and (first == "localhost" or "." in first or ":" in first) else first + slash + rest
    head, slash, last = repository.rpartition("/")
    return head + slash + last.partition(":")[0]
