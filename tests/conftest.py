"""The shop, started once for all tests, in a home of its own.

A test of what the platform promises asks for `home`, and runs on the local mesh or, with KUBE=1, unchanged on the
cluster that kubectl speaks to. A test of the local mesh itself asks for `mesh`, one of how the overlays fare in a
cluster for `cluster`; each runs only there.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from tests.homes import Home
from tests.homes.cluster import Cluster, load_demo_catalog
from tests.homes.cluster import cluster as applied
from tests.homes.local import LocalMesh
from tests.mesh import ROOT, Mesh, free_port
from tests.rest import Rest

LOCAL_OVERLAY = ROOT / "deploy/kustomize/overlays/local"
ON_A_CLUSTER = bool(os.environ.get("KUBE"))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leaves out what has no meaning in this home: on a cluster everything that is not about the shop in it."""
    chosen = [item for item in items if _runs_here(set(getattr(item, "fixturenames", ())))]
    left = [item for item in items if item not in chosen]
    config.hook.pytest_deselected(items=left)
    items[:] = chosen


def _runs_here(fixtures: set[str]) -> bool:
    return "home" in fixtures and "mesh" not in fixtures if ON_A_CLUSTER else "cluster" not in fixtures


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """The local overlay, up and with the demo catalog."""
    mesh = Mesh(home=tmp_path_factory.mktemp("mesh"), port=free_port())
    try:
        mesh.up(LOCAL_OVERLAY)
        mesh.load_demo_catalog()
        yield mesh
    finally:
        mesh.down()


@pytest.fixture(scope="session")
def home(request: pytest.FixtureRequest) -> Iterator[Home]:
    """Where the shop runs, with the demo catalog."""
    if not ON_A_CLUSTER:
        yield LocalMesh(request.getfixturevalue("mesh"))
        return
    with applied() as found:
        load_demo_catalog(found.address)
        yield found


@pytest.fixture(scope="session")
def cluster(home: Home) -> Cluster:
    """The cluster in which the shop runs."""
    assert isinstance(home, Cluster)
    return home


@pytest.fixture(scope="session")
def rest(home: Home) -> Rest:
    """A REST client of the shop."""
    return Rest(f"http://{home.address}")


@pytest.fixture(scope="session")
def channel(home: Home) -> Iterator[grpc.Channel]:
    """A gRPC client of the shop."""
    with grpc.insecure_channel(home.address) as channel:
        yield channel


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """A folder for an overlay on the local one, inside the repository's reach."""
    folder = tmp_path / "overlay"
    folder.mkdir()
    return folder
