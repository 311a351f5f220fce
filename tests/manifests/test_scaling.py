"""What comes and goes with the load, and what may be away at once: of everything, and of nothing that is not there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.manifests.network import chosen
from tests.manifests.overlays import Manifest, Overlay, load, pod

COMPONENT = "app.kubernetes.io/component"
SCALED = {"service", "gateway", "ingress"}


@pytest.fixture
def scaled(overlay: Overlay) -> Mapping[str, Manifest]:
    """The Deployments of an overlay's services and proxies."""
    return {each.name: each for each in overlay.of("Deployment") if each.labels[COMPONENT] in SCALED}


@pytest.fixture
def autoscalers(overlay: Overlay) -> list[Manifest]:
    """Those of an overlay that has them."""
    if not overlay.of("HorizontalPodAutoscaler"):
        pytest.skip("does not scale by choice")
    return list(overlay.of("HorizontalPodAutoscaler"))


def container(deployment: Manifest, name: str) -> Mapping[str, Any]:
    (found,) = [each for each in pod(deployment)["containers"] if each["name"] == name]
    return dict(found)


def test_everything_that_serves_scales_and_nothing_else(
    autoscalers: list[Manifest], scaled: Mapping[str, Manifest]
) -> None:
    targets = [each.spec["scaleTargetRef"] for each in autoscalers]
    assert {(each["apiVersion"], each["kind"]) for each in targets} == {("apps/v1", "Deployment")}
    assert sorted(each["name"] for each in targets) == sorted(scaled)


def test_it_scales_by_the_program_of_the_pod_which_says_what_it_needs(
    autoscalers: list[Manifest], scaled: Mapping[str, Manifest]
) -> None:
    for each in autoscalers:
        (metric,) = [found for found in each.spec["metrics"] if found["type"] == "ContainerResource"]
        source = metric["containerResource"]
        program = container(scaled[each.spec["scaleTargetRef"]["name"]], source["container"])
        assert source["name"] in program["resources"]["requests"], each
        assert {port["name"] for port in program["ports"]} & {"grpc", "http2"}, f"{each}: {source['container']}"


def test_nobody_but_the_autoscaler_says_how_many(autoscalers: list[Manifest], scaled: Mapping[str, Manifest]) -> None:
    # A number in the manifest would be set anew by each `kubectl apply`, whatever the load.
    assert not [str(each) for each in scaled.values() if "replicas" in each.spec]
    assert all(0 < each.spec["minReplicas"] < each.spec["maxReplicas"] for each in autoscalers)


def test_in_production_there_are_two_of_everything_at_least() -> None:
    assert {each.spec["minReplicas"] for each in load("prod").of("HorizontalPodAutoscaler")} == {2}


def test_every_budget_is_for_pods_that_are_there_and_every_pod_has_one(
    overlay: Overlay, scaled: Mapping[str, Manifest]
) -> None:
    budgets = overlay.of("PodDisruptionBudget")
    if not budgets:
        pytest.skip("has no budgets by choice")
    chosen_by = {
        name: [
            budget.name
            for budget in budgets
            if chosen(budget.spec["selector"], deployment.spec["template"]["metadata"]["labels"])
        ]
        for name, deployment in scaled.items()
    }
    assert {len(names) for names in chosen_by.values()} == {1}, chosen_by
    assert {name for names in chosen_by.values() for name in names} == {budget.name for budget in budgets}
    assert {budget.spec["maxUnavailable"] for budget in budgets} == {1}
