"""The home in which the cases run: started once for all of them."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from behaviour.homes import Home
from behaviour.homes.local import local


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The local mesh, or the cluster that KUBE=1 asks for."""
    with local(tmp_path_factory.mktemp("behaviour")) as mesh:
        yield mesh
