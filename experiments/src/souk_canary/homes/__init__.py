"""Where an experiment acts: on objects with versions, as a local mesh and a cluster both hold them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

Document = Mapping[str, object]
"""A Kubernetes object as it is stored, with `metadata.resourceVersion`."""


@dataclass(frozen=True)
class Key:
    """Which object."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}"


@dataclass(frozen=True)
class Pod:
    """A pod of one version."""

    name: str
    ready: bool
    restarts: int
    age: float
    """Seconds."""


class HomeError(Exception):
    """The home did not do what it was asked; the text says what, and what to do."""


class Unreachable(HomeError):
    """The home does not answer: what it holds is unknown, and asking again may help."""


class Changed(HomeError):
    """Somebody else has changed the object since it was read: read it again."""


class Home(Protocol):
    """A local mesh or a cluster."""

    def list(self, kind: str, namespace: str) -> Sequence[Document]:
        """Every object of a kind."""

    def read(self, key: Key) -> Document:
        """One object.

        Raises:
            HomeError: there is none, or the home does not answer.
        """

    def replace(self, document: Document) -> Document:
        """Puts a changed object in the place of the one that it was made from, and returns it as it is stored.

        Raises:
            Changed: its resourceVersion is not the stored one.
            HomeError: it was refused, or the home does not answer.
        """

    def confirmed(self, document: Document) -> Sequence[str]:
        """The proxies that do not yet route as this stored object says; empty when all do. Does not wait."""

    def pods(self, namespace: str, labels: Mapping[str, str]) -> Sequence[Pod]:
        """The pods that have these labels."""

    def release(self, document: Document) -> None:
        """Gives up the ownership of what was changed in an object, so that who applies it next is not opposed."""
