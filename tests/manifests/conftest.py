"""Each overlay, built once."""

from __future__ import annotations

import pytest

from tests.manifests.overlays import OVERLAYS, Overlay, load
from tests.manifests.schemas import IstioSchemas, KubernetesSchemas


@pytest.fixture(scope="session", params=OVERLAYS)
def overlay(request: pytest.FixtureRequest) -> Overlay:
    """One overlay after the other."""
    return load(request.param)


@pytest.fixture(scope="session")
def kubernetes() -> KubernetesSchemas:
    """What Kubernetes accepts."""
    return KubernetesSchemas()


@pytest.fixture(scope="session")
def istio() -> IstioSchemas:
    """What Istio accepts."""
    return IstioSchemas()
