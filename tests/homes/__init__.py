"""Where the shop runs while it is tested: a test asks for a home, and does not know which one it got."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from typing import Any, Protocol

import grpc

from tests.reliability.books import Books

SERVICES = ("acquirer", "catalog", "inventory", "order", "payment")
"""The Services that are called by gRPC at port 50051."""


@dataclass(frozen=True)
class Place:
    """Where a call goes to."""

    address: str
    """What is connected to, `host:port`."""
    authority: str
    """The host that the call asks for."""

    def channel(self) -> grpc.Channel:
        """A connection of its own."""
        return grpc.insecure_channel(self.address, options=[("grpc.default_authority", self.authority)])


@dataclass(frozen=True)
class Pod:
    """A pod that exists; one that is ending is not ready."""

    name: str
    deployment: str
    ready: bool
    restarts: tuple[int, ...]
    """How often each of its containers was started again."""


class Home(Protocol):
    """A local mesh or a cluster with Istio in which the shop runs, and nobody else changes it."""

    @property
    def address(self) -> str:
        """Where customers call: the ingress, `host:port`."""

    @property
    def patience(self) -> float:
        """Seconds within which what pods are told to become is seen to be so."""

    def pods(self, deployment: str | None = None) -> Sequence[Pod]:
        """The pods, or those of one Deployment."""

    def read(self, kind: str, name: str) -> Mapping[str, Any]:
        """An object, without what only the home knows of it."""

    def hold(self, document: Mapping[str, Any]) -> None:
        """Puts an object in the place of the one of this name; returns when all act on it."""

    def split(self, service: str, weights: Mapping[str, int]) -> None:
        """Splits the requests to a Service over its subsets; returns when every proxy does so."""

    def scale(self, deployment: str, replicas: int) -> None:
        """Changes the number of a Deployment's pods; does not wait."""

    def restart(self, deployment: str) -> None:
        """Replaces the pods of a Deployment by its own rules; does not wait."""

    def end(self, pod: str) -> None:
        """Deletes a pod; does not wait."""

    def books(self) -> Books:
        """What the databases hold."""

    def seen_by(self, deployment: str) -> AbstractContextManager[Mapping[str, Place]]:
        """The SERVICES as a pod of a Deployment sees them: who calls there has this pod's identity.

        Lasts as long as the pod does.
        """

    def behind_its_sidecar(self, deployment: str) -> AbstractContextManager[Place]:
        """Where the application of a pod itself listens, lasting as long as the pod does."""

    def from_outside(self, deployment: str) -> AbstractContextManager[Place]:
        """A pod's port as somebody reaches it who has no sidecar."""
