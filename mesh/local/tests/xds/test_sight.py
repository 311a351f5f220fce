"""What the pods of a scope see: what their Sidecar names, and what the routes of that lead to."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
import yaml

from souk_mesh.objects import Service, Sidecar, VirtualService, parse
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.leads import LeadIndex, leads
from souk_mesh.xds.registry import Registry
from souk_mesh.xds.scopes import Scope
from souk_mesh.xds.sight import Outward, Seen, Sight, sight

OBJECTS = """
{apiVersion: v1, kind: Service, metadata: {name: a, namespace: shop},
 spec: {selector: {app: a}, ports: [{name: grpc, port: 1}, {name: http, port: 2}, {name: tcp, port: 3}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: b, namespace: shop},
 spec: {selector: {app: b}, ports: [{name: grpc, port: 1}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: c, namespace: other},
 spec: {selector: {app: c}, ports: [{name: grpc, port: 1}, {name: http, port: 2}]}}
---
{apiVersion: v1, kind: Service,
 metadata: {name: own, namespace: other, annotations: {networking.istio.io/exportTo: "., third"}},
 spec: {selector: {app: own}, ports: [{name: grpc, port: 1}]}}
"""
A, B, C, OWN = (ServiceKey(*each.split("/")) for each in ("shop/a", "shop/b", "other/c", "other/own"))


def seen(hosts: str, *routes: str) -> tuple[Mapping[str, Seen], list[str] | None]:
    """What is seen through a Sidecar, by host, and the names of the rules that count."""
    found = looked(f"egress: [{{hosts: {hosts}}}]", *routes)
    return found.services, None if found.rules is None else [each.name for each in found.rules]


def looked(sidecar: str, *routes: str, of: str = "shop") -> Sight:
    services = [each for each in map(parse, yaml.safe_load_all(OBJECTS)) if isinstance(each, Service)]
    registry = Registry({ServiceKey(each.metadata.namespace, each.metadata.name): each for each in services}, ())
    rules = (_parsed("VirtualService", f"r{number}", spec) for number, spec in enumerate(routes))
    known = LeadIndex(leads(each for each in rules if isinstance(each, VirtualService)))
    chosen = _parsed("Sidecar", "it", sidecar) if sidecar else None
    assert chosen is None or isinstance(chosen, Sidecar)
    return sight(Outward(Scope(of, False, chosen.key if chosen else None, ()), chosen, registry, known))


def _parsed(kind: str, name: str, spec: str) -> object:
    metadata = {"name": name, "namespace": "shop"}
    document = {"apiVersion": "networking.istio.io/v1", "kind": kind, "metadata": metadata}
    return parse(document | {"spec": yaml.safe_load(f"{{{spec}}}")})


def whole(*keys: ServiceKey) -> Mapping[str, Seen]:
    return {key.host: Seen(key) for key in keys}


def to(host: str, destinations: str, more: str = "") -> str:
    return f"hosts: [{host}], http: [{{route: [{destinations}]}}]{more}"


def destination(host: str, port: int | None = None) -> str:
    named = f", port: {{number: {port}}}" if port else ""
    return f"{{destination: {{host: {host}{named}}}, weight: 1}}"


TO_C = destination(C.host, 2)


def test_without_a_sidecar_all_that_is_exported_is_seen_and_all_rules_count() -> None:
    for of, keys in (("shop", (A, B, C)), ("other", (A, B, C, OWN)), ("third", (A, B, C, OWN))):
        found = looked("", of=of)
        assert (found.services, found.rules, found.registry_only) == (whole(*keys), None, False)


@pytest.mark.parametrize(("mode", "only"), [("REGISTRY_ONLY", True), ("ALLOW_ANY", False)])
def test_a_sidecar_may_be_about_hosts_that_nobody_knows_alone(mode: str, only: bool) -> None:
    found = looked(f"outboundTrafficPolicy: {{mode: {mode}}}")
    assert (found.services, found.rules, found.registry_only) == (whole(A, B, C), None, only)
    assert looked(f"egress: [{{hosts: [./*]}}], outboundTrafficPolicy: {{mode: {mode}}}").registry_only is only


@pytest.mark.parametrize(
    ("hosts", "keys"),
    [
        ("['./*']", (A, B)),
        ("['*/*']", (A, B, C)),
        ("['other/*']", (C,)),
        (f"['./{A.host}', 'other/{C.host}']", (A, C)),
        (f"['*/{C.host}']", (C,)),
        (f"['./*', '~./{A.host}']", (B,)),
        (f"['./{C.host}']", ()),
        ("['*/*.other.svc.cluster.local']", (C,)),
        ("['~*/*']", ()),
    ],
)
def test_a_sidecar_shows_what_it_names(hosts: str, keys: tuple[ServiceKey, ...]) -> None:
    assert seen(hosts) == (whole(*keys), [])


def test_a_rule_for_a_host_that_is_named_leads_to_others_on_the_ports_that_it_names() -> None:
    assert seen(f"['./{A.host}']", to("a", TO_C)) == (
        {A.host: Seen(A), C.host: Seen(C, frozenset({2}), led=True)},
        ["r0"],
    )


@pytest.mark.parametrize("destinations", [destination(C.host), f"{TO_C}, {destination(C.host, 1)}"])
def test_a_rule_that_names_no_port_or_every_port_leads_to_all_of_them(destinations: str) -> None:
    services, _ = seen(f"['./{A.host}']", to("a", destinations))
    assert services[C.host] == Seen(C, None, led=True)


def test_two_rules_lead_to_the_ports_of_both() -> None:
    named = f"['./{A.host}', './{B.host}']"
    services, rules = seen(named, to("a", destination(C.host, 2)), to("b", destination(C.host, 1)))
    assert (services[C.host], rules) == (Seen(C, None, led=True), ["r0", "r1"])


def test_a_further_rule_adds_its_ports_and_takes_none_away() -> None:
    rules = (to("b", destination("a", 1)), to("b", destination("a", 3)), to("b", destination("a", 1)))
    services, _ = seen(f"['./{B.host}']", *rules)
    assert services[A.host] == Seen(A, frozenset({1, 3}), led=True)


def test_a_rule_takes_nothing_from_what_is_named() -> None:
    assert seen("['./*']", to("a", destination("b", 1)))[0] == whole(A, B)


def test_a_rule_leads_nowhere_if_it_is_not_for_these_callers_or_what_it_names_is_not_there() -> None:
    named = f"['./{A.host}']"
    elsewhere = f"hosts: [a], http: [{{match: [{{sourceNamespace: x}}], route: [{TO_C}]}}]"
    assert seen(named, elsewhere) == (whole(A), ["r0"])
    assert seen(named, to("a", destination(C.host, 9))) == (whole(A), ["r0"])
    assert seen(named, to("a", destination("nobody.example.com"))) == (whole(A), ["r0"])
    assert seen(named, to("a", destination(OWN.host))) == (whole(A), ["r0"])
    assert seen(named, to("a", TO_C, ", exportTo: [x]")) == (whole(A), [])
    assert seen(named, to("b", TO_C)) == (whole(A), [])


def test_a_rule_for_the_callers_namespace_leads_on() -> None:
    rule = f"hosts: [a], http: [{{match: [{{sourceNamespace: x}}, {{sourceNamespace: shop}}], route: [{TO_C}]}}]"
    assert seen(f"['./{A.host}']", rule)[0][C.host] == Seen(C, frozenset({2}), led=True)
