"""One shop for all tests that need a real mesh."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.shop import Shop, running


@pytest.fixture(scope="session")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The local overlay, up and ready."""
    with running(tmp_path_factory.mktemp("shop")) as shop:
        yield shop
