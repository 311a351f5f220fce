"""Where a gateway sends what comes in, without proxies."""

from __future__ import annotations

from collections.abc import Sequence

import yaml
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from test_gateway_servers import POD, SIMPLE, gateway, server

from souk_mesh.objects import Gateway, VirtualService, parse
from souk_mesh.xds.gateway import Router
from souk_mesh.xds.gateway_tables import gateway_tables


def rule(name: str, hosts: str, http: str, gateways: str = "edge") -> VirtualService:
    """A VirtualService whose destinations nobody knows: their hosts are in the names of clusters all the same."""
    parsed = parse(
        yaml.safe_load(f"""
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: {name}, namespace: shop}}
spec: {{hosts: [{hosts}], gateways: [{gateways}], http: [{http}]}}
""")
    )
    assert isinstance(parsed, VirtualService)
    return parsed


def to(host: str, match: str = "") -> str:
    condition = f"match: [{match}], " if match else ""
    return f"{{{condition}route: [{{destination: {{host: {host}, port: {{number: 80}}}}}}]}}"


def tables(gateways: Sequence[Gateway], *rules: VirtualService) -> dict[str, RouteConfiguration]:
    router = Router(POD, tuple(gateways), rules, {}, (), ())
    return {each.name: each for each in gateway_tables(router)}


def hosts(table: RouteConfiguration) -> dict[tuple[str, ...], VirtualHost]:
    return {tuple(each.domains): each for each in table.virtual_hosts}


def destinations(host: VirtualHost) -> list[str]:
    return [route.route.cluster.rpartition("|")[2] for route in host.routes]


def test_rules_for_one_host_are_joined_and_what_takes_everything_comes_last() -> None:
    edge = gateway("edge", server("HTTP", host="a.com"))
    first = rule("first", "a.com", to("all.com"))
    second = rule("second", "a.com", f"{to('some.com', '{uri: {prefix: /some}}')}, {to('rest.com')}")
    found = hosts(tables([edge], first, second)["http.8443"])
    assert destinations(found[("a.com",)]) == ["some.com", "all.com", "rest.com"]


def test_hosts_that_fare_alike_share_a_virtual_host() -> None:
    edge = gateway("edge", server("HTTP"))
    both, one = rule("both", "b.com, a.com, c.com", to("both.com")), rule("one", "c.com", to("one.com"))
    assert list(hosts(tables([edge], both, one)["http.8443"])) == [("a.com", "b.com"), ("c.com",)]


def test_of_what_gateway_and_rule_name_the_narrower_is_served() -> None:
    edge = gateway("edge", server("HTTP", host="'*.com', b.org"))
    narrow, wide = rule("narrow", "a.com, a.net", to("x.com")), rule("wide", "'*'", to("y.com"))
    found = hosts(tables([edge], narrow, wide)["http.8443"])
    assert {domains: destinations(host) for domains, host in found.items()} == {
        ("*.com", "b.org"): ["y.com"],
        ("a.com",): ["x.com"],
    }


def test_a_host_is_written_in_small_letters() -> None:
    edge = gateway("edge", server("HTTP", host="A.com"))
    assert list(hosts(tables([edge], rule("a", "'*'", to("x.com")))["http.8443"])) == [("a.com",)]


def test_a_rule_that_has_no_route_for_a_gateway_has_no_host_there() -> None:
    edge = gateway("edge", server("HTTP"))
    elsewhere = rule("a", "a.com", to("x.com", "{port: 1}"))
    (nowhere,) = tables([edge], elsewhere)["http.8443"].virtual_hosts
    assert (list(nowhere.domains), list(nowhere.routes)) == (["*"], [])


def test_what_redirects_to_tls_does_so_for_hosts_without_a_rule_too() -> None:
    edge = gateway("edge", server("HTTP", host="'*.com', B.org", tls="httpsRedirect: true"))
    plain = gateway("plain", server("HTTP", host="c.net"))
    found = hosts(tables([edge, plain], rule("a", "a.com, c.net", to("x.com"), "edge, plain"))["http.8443"])
    assert {domains: host.require_tls == VirtualHost.ALL for domains, host in found.items()} == {
        ("*.com", "b.org"): True,
        ("a.com",): True,
        ("c.net",): False,
    }


def test_a_route_that_redirects_leaves_out_the_port_that_tls_has_anyway() -> None:
    redirect = rule("a", "a.com", "{redirect: {port: 443, uri: /new}}")
    for asked, shown in ((server("HTTPS", host="a.com", tls=SIMPLE), 0), (server("HTTP", host="a.com"), 443)):
        (table,) = tables([gateway("edge", asked)], redirect).values()
        assert table.virtual_hosts[0].routes[0].redirect.port_redirect == shown
