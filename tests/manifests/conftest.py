"""Each overlay and each combination, built once."""

from __future__ import annotations

import pytest

from scripts import manifests
from tests.manifests.overlays import Overlay, combine, load

DEPLOYABLE = (*manifests.overlays(), *manifests.combinations())


@pytest.fixture(scope="session", params=DEPLOYABLE, ids=lambda each: each if isinstance(each, str) else each.name)
def overlay(request: pytest.FixtureRequest) -> Overlay:
    """One after the other."""
    return load(request.param) if isinstance(request.param, str) else combine(request.param)
