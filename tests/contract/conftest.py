from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.contract.calls import Calls, connected
from tests.homes import Home


@pytest.fixture(scope="package")
def calls(home: Home) -> Iterator[Calls]:
    """Calls every RPC, from a pod that may."""
    with connected(home) as calls:
        yield calls
