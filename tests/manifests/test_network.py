"""Who calls whom is said to programs, by who is let in, by who gets through, by whom a proxy knows: all four agree."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import pytest

from tests.manifests.network import Edge, Network, Pod, by_authorization, by_network, known, opened, pods
from tests.manifests.overlays import Manifest, Overlay, load, pod

DATABASE_PORT = 5432
ISTIOD, DNS, METRICS = 15012, 53, 15020
ISTIOD_POD = Pod("istio-system", {"app": "istiod"})
DNS_POD = Pod("kube-system", {"k8s-app": "kube-dns"})
PROMETHEUS = Pod("monitoring", {"app.kubernetes.io/name": "prometheus"})
STRANGER = Pod("default", {"app.kubernetes.io/name": "order", "app.kubernetes.io/component": "service"})


@pytest.fixture
def network(overlay: Overlay) -> Network:
    """The policies of an overlay that denies by default."""
    denies = [each for each in overlay.of("NetworkPolicy") if each.name == "deny-by-default"]
    if not denies:
        pytest.skip("has no network policies by choice")
    return Network(overlay.of("NetworkPolicy"))


def calls(overlay: Overlay) -> Iterator[Edge]:
    """What programs are told to call, and what the ingress leads to."""
    services = {service.name: service for service in overlay.of("Service")}

    def edges(caller: str, host: str, port: int) -> Iterator[Edge]:
        (found,) = [each for each in services[host].spec["ports"] if each["port"] == port]
        for callee in overlay.pods_behind(services[host]):
            named = {each["name"]: each["containerPort"] for each in pod(callee)["containers"][0]["ports"]}
            yield Edge(caller, callee.name, named.get(found["targetPort"], found["targetPort"]))

    for deployment in overlay.of("Deployment"):
        for variable in pod(deployment)["containers"][0].get("env", ()):
            if variable["name"].endswith("_ADDRESS"):
                host, _, port = variable["value"].partition(":")
                yield from edges(deployment.name, host, int(port))
            if variable["name"] == "DATABASE_URL" and "postgres" in services:
                yield from edges(deployment.name, "postgres", DATABASE_PORT)
    for route in (
        route for each in overlay.of("VirtualService") if "gateways" in each.spec for route in each.spec["http"]
    ):
        for destination in (each["destination"] for each in route["route"]):
            yield from edges("ingress", destination["host"], destination["port"]["number"])


def test_who_is_told_to_call_is_let_in_and_nobody_else(overlay: Overlay) -> None:
    assert by_authorization(overlay) == set(calls(overlay))
    assert len(by_authorization(overlay)) > 8


def test_a_proxy_knows_those_who_let_its_pod_in_and_nobody_else(overlay: Overlay) -> None:
    let_in = {(edge.caller, edge.callee) for edge in by_authorization(overlay) if edge.caller != "ingress"}
    assert known(overlay) == let_in


def test_who_is_let_in_gets_through_and_nobody_else(overlay: Overlay, network: Network) -> None:
    assert by_network(overlay) == by_authorization(overlay)


def test_each_end_alone_lets_no_more_through(overlay: Overlay, network: Network) -> None:
    members, edges = pods(overlay), by_authorization(overlay)
    for caller, callee, port in itertools.product(members, members, opened(overlay)):
        let_in = Edge(caller.name, callee.name, port) in edges
        if callee.name != "ingress":  # it is there for everybody
            assert network.allows("Ingress", callee, caller, port) is let_in, (caller.name, callee.name, port)
        if port != DATABASE_PORT:  # no policy knows where that is
            assert network.allows("Egress", caller, callee, port) is let_in, (caller.name, callee.name, port)


def test_from_outside_only_the_ingress_is_reached_and_only_where_it_lets_in(overlay: Overlay, network: Network) -> None:
    (policy,) = [each for each in overlay.of("AuthorizationPolicy") if each.name == "ingress"]
    ports = {int(port) for rule in policy.spec["rules"] for to in rule["to"] for port in to["operation"]["ports"]}
    reached = {
        (each.name, port)
        for each in pods(overlay)
        for port in (*opened(overlay), METRICS)
        if network.reaches(STRANGER, each, port)
    }
    assert reached == {("ingress", port) for port in ports}


def test_every_pod_finds_names_its_control_plane_and_prometheus_finds_it(overlay: Overlay, network: Network) -> None:
    for each in pods(overlay):
        assert network.reaches(each, DNS_POD, DNS, "UDP"), each.name
        assert network.reaches(each, DNS_POD, DNS), each.name
        assert network.reaches(each, ISTIOD_POD, ISTIOD), each.name
        assert network.reaches(PROMETHEUS, each, METRICS), each.name


def test_nothing_leaves_the_namespace_but_what_a_service_asks_its_database(overlay: Overlay, network: Network) -> None:
    for each in pods(overlay):
        outward = {port for port in (80, 443, DATABASE_PORT, *opened(overlay)) if network.reaches(each, STRANGER, port)}
        asks = each.labels["app.kubernetes.io/component"] == "service"
        assert outward == ({DATABASE_PORT} if asks else set()), each.name


def test_a_policy_that_lets_one_more_in_is_noticed() -> None:
    prod = load("prod")
    (acquirer,) = [each for each in prod.of("NetworkPolicy") if each.name == "acquirer"]
    (order,) = [each for each in prod.of("NetworkPolicy") if each.name == "order"]
    rule = {"from": [{"podSelector": {}}], "ports": [{"protocol": "TCP", "port": 50051}]}
    wider = Manifest({**acquirer.body, "spec": {**acquirer.spec, "ingress": [rule]}})
    further = Manifest({**order.body, "spec": {**order.spec, "egress": [{"ports": rule["ports"]}]}})
    others = [each for each in prod.manifests if each not in (acquirer, order)]
    changed = Overlay("prod", (*others, wider, further))
    assert by_network(changed) - by_network(prod) == {Edge("order", "acquirer", 50051)}


def test_a_proxy_that_knows_one_more_is_noticed() -> None:
    dev = load("dev")
    (sidecar,) = [each for each in dev.of("Sidecar") if each.name == "order"]
    hosts = [*sidecar.spec["egress"][0]["hosts"], "./acquirer.souk.svc.cluster.local"]
    wider = Manifest({**sidecar.body, "spec": {**sidecar.spec, "egress": [{"hosts": hosts}]}})
    changed = Overlay("dev", (*(each for each in dev.manifests if each is not sidecar), wider))
    assert known(changed) - known(dev) == {("order", "acquirer")}
