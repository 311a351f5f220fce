"""Where cases can run. A case does not know in which of them it does."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from behaviour.case import HomeName


class Unfit(Exception):
    """A home can't do what a case needs; the text says what and why."""


@dataclass(frozen=True)
class Place:
    """Where a call goes to, by name."""

    host: str
    port: int


class Home(Protocol):
    """A mesh in which the world's pods run."""

    name: HomeName
    patience: float
    """Seconds within which what holds must be seen to hold."""

    def hold(self, objects: Sequence[Mapping[str, object]]) -> None:
        """Makes these the only objects besides the world's."""

    def tell(self, pod: str, place: Place, order: Mapping[str, object]) -> list[dict[str, Any]]:
        """Has a pod carry out an order, except that the order lacks the address, which only the home knows."""

    def arrivals(self, call: str) -> Mapping[str, int]:
        """How often a call has arrived, by Deployment."""
