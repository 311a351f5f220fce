"""What proxies and pods tell, on a cluster in which the shop runs: with KUBE=1. Nothing there is changed."""

from __future__ import annotations

import pytest

from souk_canary.homes import Document, HomeError, Key
from souk_canary.homes.cluster import Cluster
from tests.homes.api_server import needed
from tests.homes.payment import weighted

pytestmark = needed


@pytest.fixture
def rule() -> Document:
    """How payments are split."""
    try:
        return Cluster().read(Key("VirtualService", "souk", "payment"))
    except HomeError as error:
        pytest.skip(f"the shop does not run there: {error}")


def test_proxies_that_have_the_stored_split_are_not_named(rule: Document) -> None:
    assert list(Cluster().confirmed(rule)) == []


def test_each_caller_with_another_split_is_named_with_it(rule: Document) -> None:
    lagging = Cluster().confirmed(weighted(dict(rule), 41, 59))
    assert any(each.startswith("souk/order-") and " (routes v1=" in each for each in lagging), lagging


def test_a_version_has_pods(rule: Document) -> None:
    pods = Cluster().pods("souk", {"app.kubernetes.io/name": "payment", "version": "v1"})
    assert [pod.ready for pod in pods] == [True]
    assert all(pod.name.startswith("payment-v1-") and pod.age > 0 for pod in pods)
