"""Which program of this machine stands for which image."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
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
class Images:
    """The table, and where the programs that it names are to be found."""

    images: tuple[_Image, ...]
    root: Path
    """The repository: folders are relative to it."""
    python: Path

    def find(self, image: str) -> Program | Proxy:
        """Finds what runs in the place of an image: a program, or the pod's Envoy alone.

        Raises:
            UnknownImage: saying what is missing.
        """
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
                "python": str(self.python),
                "bin": str(self.python.parent),
            }
            folder = self.root / entry.folder.format_map(values)
            if not folder.is_dir():
                raise UnknownImage(f"its program would be in {entry.folder.format_map(values)}, which is not there")
            return Program(
                folder,
                tuple(part.format_map(values) for part in entry.entrypoint),
                tuple(part.format_map(values) for part in entry.command),
            )
        raise UnknownImage(f"known images: {', '.join(entry.repository for entry in self.images)}")


def load_images(root: Path, python: Path, table: Path = TABLE) -> Images:
    """Reads the table of images."""
    return Images(_Table.model_validate(tomllib.loads(table.read_text())).image, root, python)


def repository_of(image: str) -> str:
    """Strips registry, tag and digest: `registry.example/souk/order:1@sha256:…` is `souk/order`."""
    first, slash, rest = image.partition("@")[0].partition("/")
    repository = rest if slash and (first == "localhost" or "." in first or ":" in first) else first + slash + rest
    head, slash, last = repository.rpartition("/")
    return head + slash + last.partition(":")[0]
