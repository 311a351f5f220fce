"""A repository with a past, for all tests of versions: its environment is made once."""

from __future__ import annotations

from pathlib import Path

import pytest

from souk_canary.versions.trees import tree
from tests.versions.past import with_a_past


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone whose newest commit differs from the working tree, and is ready to run."""
    clone = with_a_past(tmp_path_factory.mktemp("clone") / "repository")
    tree(clone, "HEAD")
    return clone
