"""How pods end: `docs/rollout.md` has the order and the reasons, here is what the manifests must say for it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from souk_chassis.server import LAST_RESORT_SECONDS
from souk_chassis.settings import ServiceSettings
from souk_gateway import reflection, supervise

from tests.manifests.overlays import Manifest, Overlay, pod
from tests.manifests.test_workloads import OURS

# Until every proxy has heard that an endpoint is gone: istiod gathers changes for 0.1 s, then pushes, which took 0.1 s
# when measured; the rest is for a large cluster with a busy control plane.
HEARD_SECONDS = 5
GATEWAY, INGRESS = "gateway", "ingress"


def waits(container: Mapping[str, Any]) -> int:
    """Seconds between the removal of the endpoint and SIGTERM."""
    return int(container.get("lifecycle", {}).get("preStop", {}).get("sleep", {}).get("seconds", 0))


def drains(deployment: Manifest, container: Mapping[str, Any]) -> float:
    """Seconds from SIGTERM until the program has ended at the latest."""
    if deployment.name == GATEWAY:
        return {"proxy": supervise.PATIENCE, "reflection": reflection.GRACE}[container["name"]]
    given = {each["name"]: each.get("value") for each in container.get("env", ())}
    default = ServiceSettings.model_fields["drain_seconds"].default
    return float(given.get("DRAIN_SECONDS") or default) + LAST_RESORT_SECONDS


@pytest.fixture(scope="module")
def ours(overlay: Overlay) -> list[Manifest]:
    """The Deployments of our own images."""
    found = [each for each in overlay.of("Deployment") if OURS.fullmatch(pod(each)["containers"][0]["image"])]
    assert len(found) > 5
    return found


def test_every_container_waits_before_sigterm_until_all_have_heard_that_it_goes(ours: list[Manifest]) -> None:
    wrong = [
        f"{each}: {container['name']} waits {waits(container)} s"
        for each in ours
        for container in pod(each)["containers"]
        if waits(container) < HEARD_SECONDS
    ]
    assert not wrong


def test_the_grace_period_has_room_for_the_wait_and_the_drain(ours: list[Manifest]) -> None:
    wrong = [
        f"{each}: {container['name']} needs up to {needed} s"
        for each in ours
        for container in pod(each)["containers"]
        if (needed := waits(container) + drains(each, container)) >= pod(each)["terminationGracePeriodSeconds"]
    ]
    assert not wrong


def test_the_sidecar_ends_last(ours: list[Manifest]) -> None:
    annotations = {each.name: each.spec["template"]["metadata"]["annotations"] for each in ours}
    assert {found.get("sidecar.istio.io/nativeSidecar") for found in annotations.values()} == {"true"}


def test_a_new_pod_is_there_before_an_old_one_goes(overlay: Overlay) -> None:
    for deployment in overlay.of("Deployment"):
        strategy = deployment.spec.get("strategy", {})
        if strategy.get("type") == "Recreate":
            continue  # a database that two programs must not share
        assert strategy["type"] == "RollingUpdate", deployment
        # Kubernetes takes a quarter when nothing is said, which is none of one or two pods, but one of four.
        assert strategy["rollingUpdate"]["maxUnavailable"] == 0, deployment


def test_the_ingress_ends_when_it_serves_nobody_any_more(overlay: Overlay) -> None:
    (ingress,) = [each for each in overlay.of("Deployment") if each.name == INGRESS]
    config = yaml.safe_load(ingress.spec["template"]["metadata"]["annotations"]["proxy.istio.io/config"])
    assert config["proxyMetadata"]["EXIT_ON_ZERO_ACTIVE_CONNECTIONS"] == "true"
    # A slow order takes up to 15 s, its gateway's own end up to 20.
    assert pod(ingress)["terminationGracePeriodSeconds"] >= supervise.PATIENCE
