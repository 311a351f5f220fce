"""A namespace on the API server, for all tests that need one."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.homes.api_server import namespace


@pytest.fixture(scope="session")
def there() -> Iterator[None]:
    """The namespace is there."""
    with namespace():
        yield
