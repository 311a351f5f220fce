"""A local mesh: whichever has its state in a folder."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient, ControlError, Outdated, Unanswered
from souk_mesh.control.messages import GetRequest, Nothing, ReplaceRequest
from souk_mesh.control.methods import Method, Reply, Request
from souk_mesh.state import StateDir

from souk_canary.homes import Changed, Document, HomeError, Key, Pod, Unreachable

# The mesh answers within milliseconds, and a busy machine within a second or two.
PATIENCE = 5.0

LEAVING = ("Terminating", "Completed", "Failed", "Gone")


class LocalMesh:
    """The objects and pods of a local mesh, over its control API."""

    def __init__(self, state: StateDir) -> None:
        self._state = state
        self._client = ControlClient(state.control_socket, PATIENCE)

    def list(self, kind: str, namespace: str) -> Sequence[Document]:
        """Every object of a kind in a namespace."""
        return self._ask(methods.GET, GetRequest(kind=kind, name=None, namespace=namespace)).objects

    def read(self, key: Key) -> Document:
        """One object."""
        found = self._ask(methods.GET, GetRequest(kind=key.kind, name=key.name, namespace=key.namespace)).objects
        if not found:
            raise HomeError(f"there is no {key} in the mesh of {self._state.root}")
        return found[0]

    def replace(self, document: Document) -> Document:
        """Puts a changed object in the place of the one that it was made from."""
        return self._ask(methods.REPLACE, ReplaceRequest(document=document)).document

    def confirmed(self, document: Document) -> Sequence[str]:  # noqa: ARG002 # a mesh knows of all objects at once
        """The proxies that have not acknowledged what the mesh holds now: this object with all others."""
        late = self._ask(methods.LATE, Nothing()).proxies
        return tuple(f"{each.namespace}/{each.pod}" + (f": {each.refusal}" if each.refusal else "") for each in late)

    def pods(self, namespace: str, labels: Mapping[str, str]) -> Sequence[Pod]:
        """The pods with these labels that are not on their way out."""
        return tuple(
            Pod(each.name, each.ready, each.restarts, each.age)
            for each in self._ask(methods.STATUS, Nothing()).pods
            if each.namespace == namespace and labels.items() <= each.labels.items() and each.phase not in LEAVING
        )

    def release(self, document: Document) -> None:
        """Does nothing: a local mesh has no owners of fields."""

    def _ask(self, method: Method[Request, Reply], request: Request) -> Reply:
        try:
            return self._client.ask(method, request)
        except Outdated as error:
            raise Changed(str(error)) from error
        except Unanswered as error:
            raise Unreachable(f"the mesh of {self._state.root} does not answer: {error}") from error
        except ControlError as error:
            raise HomeError(str(error)) from error
