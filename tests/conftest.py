"""The shop, started once for all tests on a mesh of its own, beside one that may be running."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest

from tests.mesh import ROOT, Mesh, free_port
from tests.rest import Rest

LOCAL_OVERLAY = ROOT / "deploy/kustomize/overlays/local"


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
def rest(mesh: Mesh) -> Rest:
    """A REST client of the shop."""
    return Rest(f"http://127.0.0.1:{mesh.port}")


@pytest.fixture(scope="session")
def channel(mesh: Mesh) -> Iterator[grpc.Channel]:
    """A gRPC client of the shop."""
    with grpc.insecure_channel(f"127.0.0.1:{mesh.port}") as channel:
        yield channel


@pytest.fixture
def overlay(tmp_path: Path) -> Path:
    """A folder for an overlay on the local one, inside the repository's reach."""
    folder = tmp_path / "overlay"
    folder.mkdir()
    return folder
