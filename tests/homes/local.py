"""The local mesh as a home: all that is done to it is done by `souk`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import yaml

from tests.homes import SERVICES, Place, Pod
from tests.mesh import Mesh
from tests.reliability.books import Books, read_books

GRPC_PORT = 50051


@dataclass(frozen=True)
class LocalMesh:
    """A mesh that is up."""

    mesh: Mesh
    # The longest wait on a busy machine: a pod that drains, and its successor.
    patience: float = 120

    @property
    def address(self) -> str:
        """The port that `souk up` was given."""
        return f"127.0.0.1:{self.mesh.port}"

    def pods(self, deployment: str | None = None) -> Sequence[Pod]:
        """As `souk get pods` has them."""
        return [
            Pod(
                name=pod["name"],
                deployment=pod["workload"],
                ready=pod["ready"],
                restarts=tuple(container["restarts"] for container in pod["containers"]),
            )
            for pod in self.mesh.pods(deployment)
        ]

    def read(self, kind: str, name: str) -> Mapping[str, Any]:
        """As the mesh holds it."""
        return dict(yaml.safe_load(self.mesh.souk("get", kind, name, "-o", "yaml")))

    def hold(self, document: Mapping[str, Any]) -> None:
        """Applies an overlay of one object, which returns when all is ready and acknowledged."""
        with TemporaryDirectory() as folder:
            (Path(folder) / "object.yaml").write_text(yaml.safe_dump(dict(document)))
            (Path(folder) / "kustomization.yaml").write_text("resources: [object.yaml]\n")
            self.mesh.souk("apply", "-k", folder)

    def split(self, service: str, weights: Mapping[str, int]) -> None:
        """Returns when the last proxy has acknowledged it."""
        said = self.mesh.souk("split", service, *(f"{subset}={weight}" for subset, weight in weights.items()))
        assert "acknowledged" in said, said

    def scale(self, deployment: str, replicas: int) -> None:
        """By `souk scale`."""
        self.mesh.souk("scale", deployment, "--replicas", str(replicas))

    def restart(self, deployment: str) -> None:
        """By `souk restart`."""
        self.mesh.souk("restart", deployment)

    def end(self, pod: str) -> None:
        """By `souk delete pod`."""
        self.mesh.souk("delete", "pod", pod)

    def books(self) -> Books:
        """From the files of SQLite."""
        return read_books(self.mesh.home)

    @contextmanager
    def seen_by(self, deployment: str) -> Iterator[Mapping[str, Place]]:
        """At the pod's virtual addresses, which its sidecar listens at."""
        virtual = self.mesh.pods(deployment)[0]["virtual"]
        yield {service: _at(virtual[f"{service}.souk.svc.cluster.local"]) for service in SERVICES}

    @contextmanager
    def behind_its_sidecar(self, deployment: str) -> Iterator[Place]:
        """At the address that only its sidecar uses."""
        yield _at(self.mesh.pods(deployment)[0]["application"])

    @contextmanager
    def from_outside(self, deployment: str) -> Iterator[Place]:
        """At the pod's own address, by a process that is no pod."""
        yield _at(self.mesh.pods(deployment)[0]["address"])


def _at(host: str) -> Place:
    return Place(f"{host}:{GRPC_PORT}", f"{host}:{GRPC_PORT}")
