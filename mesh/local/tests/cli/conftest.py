"""Meshes of the tests' own, run by the real command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from mesh_command import Souk, free_port, processes_of


@pytest.fixture(scope="session")
def mesh(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Souk]:
    """A mesh that runs while the tests do."""
    souk = Souk(tmp_path_factory.mktemp("mesh"), free_port())
    started = souk.up()
    assert started.code == 0, started.err
    yield souk
    ended = souk("down")
    assert ended.code == 0, ended.err
    assert processes_of(souk.home) == {}


@pytest.fixture
def fresh(tmp_path: Path) -> Iterator[Souk]:
    """A state folder in which nothing has run; whatever a test starts there is ended."""
    souk = Souk(tmp_path / "home", free_port())
    yield souk
    souk("down")
    assert processes_of(souk.home) == {}
