from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.calls import Calls
from tests.mesh import Mesh


@pytest.fixture(scope="session")
def calls(mesh: Mesh) -> Iterator[Calls]:
    """Calls every RPC, from a pod that may."""
    calls = Calls.through(mesh)
    yield calls
    calls.close()
