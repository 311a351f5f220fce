"""A plain gateway beside ours, in front of the same backend."""

from collections.abc import Iterator

import pytest
from souk_gateway.testing import Backend, Gateway

from .plain import Plain, running_plain


@pytest.fixture(scope="session")
def plain(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Plain]:
    with running_plain(backend, tmp_path_factory.mktemp("plain")) as up:
        yield up


@pytest.fixture
def hole(plain: Plain) -> Gateway:
    """Where each trap snaps."""
    return plain.gateway
