"""The home in which the cases run: started once for all of them."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from behaviour.homes import Home
from behaviour.homes.cluster import cluster
from behaviour.homes.local import local


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Home]:
    """The local mesh; with KUBE=1, the cluster that kubectl speaks to."""
    with cluster() if os.environ.get("KUBE") else local(tmp_path_factory.mktemp("behaviour")) as found:
        yield found
