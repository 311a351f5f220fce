"""Where VirtualServices lead: what a Sidecar's pods see that it does not name."""

from __future__ import annotations

import yaml

from souk_mesh.objects import ObjectKey, VirtualService, parse
from souk_mesh.xds.leads import Lead, LeadIndex, Led, leads

TO_A = "[{destination: {host: a}}]"


def rule(name: str, spec: str) -> VirtualService:
    metadata = {"name": name, "namespace": "shop"}
    document = {"apiVersion": "networking.istio.io/v1", "kind": "VirtualService", "metadata": metadata}
    parsed = parse(document | {"spec": yaml.safe_load(f"{{{spec}}}")})
    assert isinstance(parsed, VirtualService)
    return parsed


def led(host: str, port: int | None = None, *callers: str) -> Led:
    return Led(f"{host}.shop.svc.cluster.local", port, callers)


def test_a_rule_leads_to_all_that_it_names_with_the_port_and_for_the_callers_that_it_says() -> None:
    spec = """
hosts: [a, b.other.svc.cluster.local], exportTo: [., other],
http: [
  {match: [{sourceNamespace: x}, {uri: {prefix: /a}}, {sourceNamespace: y}], route: [
    {destination: {host: a, port: {number: 1}}, weight: 1}, {destination: {host: b}, weight: 1}]},
  {route: [{destination: {host: c}}], mirror: {host: d}, mirrors: []},
], tcp: [{route: [{destination: {host: e, port: {number: 2}}}]}]
"""
    (lead,) = leads([rule("it", spec)])
    assert lead == Lead(
        ObjectKey("VirtualService", "shop", "it"),
        ("a.shop.svc.cluster.local", "b.other.svc.cluster.local"),
        (led("a", 1, "x", "y"), led("b", None, "x", "y"), led("c"), led("d"), led("e", 2)),
        (".", "other"),
    )


def test_a_rule_for_gateways_leads_no_sidecar_anywhere() -> None:
    assert leads([rule("edge", f"hosts: [a], gateways: [edge], http: [{{route: {TO_A}}}]")]) == ()


def test_leads_are_found_by_host_the_oldest_first_and_those_with_a_wildcard_always() -> None:
    rules = [
        rule("first", f"hosts: [a], http: [{{route: {TO_A}}}]"),
        rule("wild", f"hosts: [b, '*.example.com'], http: [{{route: {TO_A}}}]"),
        rule("both", f"hosts: [a, b], http: [{{route: {TO_A}}}]"),
    ]
    index = LeadIndex(leads(rules))

    def found(*hosts: str) -> list[str]:
        return [each.rule.name for each in index.for_hosts(f"{host}.shop.svc.cluster.local" for host in hosts)]

    assert found("a", "b") == ["first", "wild", "both"]
    assert found("b") == ["wild", "both"]
    assert found("c") == ["wild"]
