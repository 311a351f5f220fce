"""One shop for all tests that need a real mesh, and time enough on any machine."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from hypothesis import settings

from tests.shop import Shop, running

# A machine that does other things as well is slow at times, which is no failure.
settings.register_profile("any machine", deadline=None)
settings.load_profile("any machine")


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The local overlay, up and ready."""
    with running(tmp_path_factory.mktemp("shop")) as shop:
        yield shop
