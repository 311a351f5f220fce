"""A shop for this folder alone: whatever is replaced here is nobody else's."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.conftest import LOCAL_OVERLAY
from tests.mesh import Mesh, free_port


@pytest.fixture(scope="package")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Mesh]:
    """The local overlay, up and empty."""
    mesh = Mesh(home=tmp_path_factory.mktemp("rollout"), port=free_port())
    try:
        mesh.up(LOCAL_OVERLAY)
        yield mesh
    finally:
        mesh.down()
