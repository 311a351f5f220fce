"""Who may call what, and how it is tried again: for every RPC of the protos, exactly."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence

import pytest
from souk_gateway.descriptors import load

from tests.manifests.overlays import Manifest, Overlay, pod

PRINCIPAL = re.compile(r"cluster\.local/ns/souk/sa/([a-z-]+)")


@pytest.fixture(scope="session")
def rpcs() -> Mapping[str, Sequence[str]]:
    """The paths of all RPCs of each context."""
    return {service.context: [method.path for method in service.methods] for service in load().services}


def speaks_grpc(service: Manifest) -> bool:
    """Whether a Service's port says so."""
    return any(port.get("name", "").split("-")[0] == "grpc" for port in service.spec["ports"])


def grpc_services(overlay: Overlay) -> Sequence[Manifest]:
    """The Services that speak gRPC."""
    return [service for service in overlay.of("Service") if speaks_grpc(service)]


def policies_of(overlay: Overlay, service: Manifest) -> Sequence[Manifest]:
    """The policies that let somebody in to the pods of a Service."""
    return [
        policy
        for policy in overlay.of("AuthorizationPolicy")
        if policy.spec.get("selector", {}).get("matchLabels") == service.spec["selector"]
        and policy.spec.get("action") == "ALLOW"
    ]


def test_every_context_of_the_protos_is_a_service_that_speaks_grpc(
    overlay: Overlay, rpcs: Mapping[str, Sequence[str]]
) -> None:
    assert {service.name for service in grpc_services(overlay)} == rpcs.keys()


def test_every_service_has_pods_and_every_pod_a_service(overlay: Overlay) -> None:
    behind = {deployment for each in overlay.of("Service") for deployment in map(str, overlay.pods_behind(each))}
    assert all(list(overlay.pods_behind(service)) for service in overlay.of("Service"))
    assert behind == set(map(str, overlay.of("Deployment")))


def test_the_policies_of_a_service_name_all_its_rpcs_and_nothing_else(
    overlay: Overlay, rpcs: Mapping[str, Sequence[str]]
) -> None:
    for service in grpc_services(overlay):
        operations = [
            entry["operation"]
            for policy in policies_of(overlay, service)
            for rule in policy.spec["rules"]
            for entry in rule["to"]
        ]
        assert {path for operation in operations for path in operation["paths"]} == set(rpcs[service.name]), service
        assert all(operation["ports"] == ["50051"] for operation in operations), service


def test_no_policy_lets_in_anybody_unnamed_but_at_the_ingress(overlay: Overlay) -> None:
    for policy in overlay.of("AuthorizationPolicy"):
        for rule in policy.spec.get("rules", ()):
            named = all("principals" in each["source"] for each in rule.get("from", ())) and "from" in rule
            assert named or policy.name == "ingress", policy


def test_the_namespace_is_strict_and_denies_by_default(overlay: Overlay) -> None:
    modes = {each.name: each.spec for each in overlay.of("PeerAuthentication")}
    assert modes == {"default": {"mtls": {"mode": "STRICT"}}}
    assert [each.name for each in overlay.of("AuthorizationPolicy") if not each.spec] == ["deny-by-default"]


def test_every_principal_is_an_account_that_is_there_and_every_account_is_somebodys(overlay: Overlay) -> None:
    accounts = {account.name for account in overlay.of("ServiceAccount")}
    used = {pod(deployment)["serviceAccountName"] for deployment in overlay.of("Deployment")}
    assert accounts == used
    for policy in overlay.of("AuthorizationPolicy"):
        for rule in policy.spec.get("rules", ()):
            for principal in (each for entry in rule.get("from", ()) for each in entry["source"]["principals"]):
                found = PRINCIPAL.fullmatch(principal)
                assert found, f"{policy}: {principal}"
                assert found[1] in accounts, f"{policy}: {principal}"


def test_the_routes_of_a_service_name_each_of_its_rpcs_once_and_nothing_else(
    overlay: Overlay, rpcs: Mapping[str, Sequence[str]]
) -> None:
    for service in grpc_services(overlay):
        routes = [
            route
            for each in overlay.of("VirtualService")
            if service.name in each.spec["hosts"]
            for route in each.spec["http"]
        ]
        paths = Counter(match["uri"]["exact"] for route in routes for match in route["match"])
        assert paths == Counter(rpcs[service.name]), service


def test_every_route_writes_its_retries_out(overlay: Overlay) -> None:
    for each in overlay.of("VirtualService"):
        for route in each.spec["http"]:
            retries = route["retries"]
            assert retries["attempts"] == 0 or "retryOn" in retries, each


def test_every_service_that_is_called_in_the_mesh_has_bounds_and_a_circuit_breaker(overlay: Overlay) -> None:
    rules = {rule.spec["host"]: rule.spec["trafficPolicy"] for rule in overlay.of("DestinationRule")}
    for service in grpc_services(overlay):
        assert rules[service.name].keys() >= {"connectionPool", "outlierDetection"}, service


def test_every_subset_has_pods_and_every_route_a_subset_that_is_there(overlay: Overlay) -> None:
    subsets = {
        (rule.spec["host"], subset["name"]): subset["labels"]
        for rule in overlay.of("DestinationRule")
        for subset in rule.spec.get("subsets", ())
    }
    services = {service.name: service for service in overlay.of("Service")}
    for (host, _), labels in subsets.items():
        templates = [each.spec["template"]["metadata"]["labels"] for each in overlay.pods_behind(services[host])]
        assert any(labels.items() <= found.items() for found in templates), (host, labels)
    for each in overlay.of("VirtualService"):
        for destination in (entry["destination"] for route in each.spec["http"] for entry in route["route"]):
            assert destination["host"] in services, each
            assert "subset" not in destination or (destination["host"], destination["subset"]) in subsets, each


def test_who_passes_on_the_answers_of_others_is_not_ejected_for_them(overlay: Overlay) -> None:
    (rule,) = (each for each in overlay.of("DestinationRule") if each.name == "gateway")
    breaker = rule.spec["trafficPolicy"]["outlierDetection"]
    assert breaker["splitExternalLocalOriginErrors"]
    assert (breaker["consecutive5xxErrors"], breaker["consecutiveGatewayErrors"]) == (0, 0)
    assert breaker["consecutiveLocalOriginFailures"] > 0
