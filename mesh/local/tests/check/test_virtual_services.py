"""What Istio's webhook refuses of a VirtualService, and what would mean something else than it seems."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_check import SHOP

from souk_mesh.check import check
from souk_mesh.images import load_images
from souk_mesh.overlays.loading import read
from souk_mesh.problems import Problem, Severity, errors

IMAGES = load_images(Path("/nowhere"), Path("python"))
EXAMPLE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: example, namespace: souk}}
spec: {spec}
"""
TO = "route: [{destination: {host: payment}}]"


def found(spec: str, *more: str) -> tuple[Problem, ...]:
    """The problems of one VirtualService, beside the Services of the shop."""
    standing = [part for part in SHOP.split("---") if "  hosts: [payment]" not in part]
    objects, unread = read("---".join([*standing, *more, EXAMPLE.format(spec=spec)]))
    assert unread == ()
    return tuple(each for each in check(objects, IMAGES) if "VirtualService souk/example" in str(each))


def of_route(rule: str, more: str = "hosts: [payment]") -> str:
    return f"{{{more}, http: [{{{rule}}}]}}"


@pytest.mark.parametrize(
    ("match", "said"),
    [
        ('headers: {x-a: {prefix: ""}}', "headers.x-a.prefix is empty"),
        ('method: {prefix: ""}', "method.prefix is empty"),
        ('queryParams: {q: {prefix: ""}}', "queryParams.q.prefix is empty"),
        ('headers: {x-a: {regex: "*"}}', 'headers.x-a.regex "*" is no regular expression'),
        ('uri: {regex: "*"}', 'uri.regex "*" is no regular expression'),
        ("withoutHeaders: {x-a: {regex: a++}}", "withoutHeaders.x-a.regex"),
        ('headers: {"x a": {exact: b}}', 'headers.x a "x a" is no name of a header'),
        ('headers: {"@request.auth.claims[a]": {exact: b}}', "asks for a claim, which Istio's sidecars can't route by"),
        ("gateways: [side]", 'match[0].gateways[0] "side" is not defined'),
    ],
)
def test_a_condition_that_istio_refuses_is_refused(match: str, said: str) -> None:
    (problem,) = errors(found(of_route(f"match: [{{{match}}}], {TO}")))
    assert said in str(problem)


@pytest.mark.parametrize(
    "match",
    [
        'uri: {prefix: ""}',
        "headers: {x-a: {}}",
        'withoutHeaders: {x-a: {regex: "*"}}',
        'headers: {":path": {prefix: /a}}',
    ],
)
def test_a_condition_that_istio_takes_is_taken(match: str) -> None:
    assert found(of_route(f"match: [{{{match}}}], {TO}")) == ()


def test_a_gateway_may_route_by_claims_of_which_something_is_said() -> None:
    bound = "hosts: [a.example.com], gateways: [edge]"
    claim = 'headers: {{"@request.auth.claims.group": {0}}}'
    assert found(of_route(f"match: [{{{claim.format('{exact: b}')}}}], {TO}", bound)) == ()
    (problem,) = errors(found(of_route(f"match: [{{{claim.format('{}')}}}], {TO}", bound)))
    assert "says nothing of the claim" in str(problem)


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        ('headers: {request: {set: {":path": a}}}', 'headers.request.set ":path" can\'t be changed'),
        ("headers: {request: {remove: [host]}}", 'headers.request.remove[0] "host" can\'t be changed'),
        ("headers: {response: {add: {host: a}}}", 'headers.response.add "host" can\'t be changed'),
        ('headers: {request: {set: {x-a: "100%"}}}', 'set.x-a "100%" is no value that Envoy can read'),
        ('headers: {request: {set: {x-a: "a\\tb\\x7f"}}}', "set.x-a has characters that no header may have"),
        ('headers: {request: {set: {"": a}}}', "headers.request.set names a header with no name"),
        ("headers: {request: {set: {host: a}}}, rewrite: {authority: b}", "headers gives requests 2 authorities"),
        ('headers: {request: {set: {host: a}, add: {":authority": b}}}', "headers gives requests 2 authorities"),
        ('rewrite: {uriRegexRewrite: {match: "(", rewrite: a}}', 'uriRegexRewrite.match "(" is no regular expression'),
        ('rewrite: {uriRegexRewrite: {match: "a(b)", rewrite: "\\\\2"}}', 'names a group "\\2" that is not there'),
        ("mirror: {host: pay}", 'spec.http[0].mirror.host "pay" is no Service'),
        ("mirrors: [{destination: {host: payment, subset: v9}}]", 'mirrors[0].destination.subset "v9" is not defined'),
        ("corsPolicy: {allowOrigins: [{}]}", "corsPolicy.allowOrigins[0] says nothing"),
        ('corsPolicy: {allowOrigins: [{regex: "*.b"}]}', 'allowOrigins[0].regex "*.b" is no regular expression'),
        ('corsPolicy: {exposeHeaders: ["x a"]}', 'corsPolicy.exposeHeaders[0] "x a" is no name of a header'),
        ("fault: {abort: {grpcStatus: Unavailable}}", 'fault.abort.grpcStatus "Unavailable" is no gRPC status'),
        ("retries: {attempts: 0, retryRemoteLocalities: true}", "retries.attempts is 0, but there is more about"),
    ],
)
def test_a_route_that_istio_refuses_is_refused(rule: str, said: str) -> None:
    (problem,) = errors(found(of_route(f"{TO}, {rule}")))
    assert said in str(problem)


@pytest.mark.parametrize(
    "rule",
    [
        'headers: {request: {set: {x-a: "%REQ(X-USER):10% of 100%%"}}}',
        "headers: {request: {set: {host: a}}}",
        'rewrite: {uriRegexRewrite: {match: "^/a/(.*)$", rewrite: "/b/\\\\1"}}',
        'corsPolicy: {allowOrigins: [{regex: ".*"}], allowHeaders: ["*"]}',
    ],
)
def test_a_route_that_istio_takes_is_taken(rule: str) -> None:
    assert found(of_route(f"{TO}, {rule}")) == ()


def test_a_redirect_of_the_prefix_needs_one() -> None:
    (problem,) = errors(found(of_route("match: [{uri: {exact: /a}}], redirect: {prefixRewrite: /b}")))
    assert "match[0].uri is no prefix, which redirect.prefixRewrite would replace" in str(problem)


@pytest.mark.parametrize(
    ("spec", "said"),
    [
        (of_route(TO, 'hosts: ["*"], gateways: [mesh, edge]'), 'spec.hosts[0] "*" is for gateways alone'),
        (
            of_route(TO, 'hosts: [payment, "*.souk.svc.cluster.local"]'),
            'spec.hosts[1] "*.souk.svc.cluster.local" and "payment.souk.svc.cluster.local" have hosts in common',
        ),
        (of_route(TO, 'hosts: ["a.*.com"], gateways: [edge]'), 'spec.hosts[0] "a.*.com" is no host'),
        (of_route(TO, "hosts: [payment], exportTo: [., souk]"), "spec.exportTo lists the own namespace twice"),
        (
            "{hosts: [payment], tcp: [{route: [{destination: {host: payment}}, {destination: {host: payment}}]}]}",
            "spec.tcp[0].route has several destinations whose weights add up to 0",
        ),
        (
            "{hosts: [payment], tcp: [{route: [{destination: {host: pay}}]}]}",
            'spec.tcp[0].route[0].destination.host "pay" is no Service',
        ),
    ],
)
def test_a_virtual_service_that_istio_refuses_is_refused(spec: str, said: str) -> None:
    assert said in "\n".join(map(str, errors(found(spec))))


def test_a_host_beside_a_service_may_be_any() -> None:
    assert found(of_route(TO, "hosts: [payment, api.example.com]")) == ()


def test_routes_after_one_without_conditions_are_never_reached() -> None:
    destination = "{route: [{destination: {host: payment}}]}"
    (problem,) = found(f"{{hosts: [payment], tcp: [{destination}, {destination}]}}")
    assert problem.severity is Severity.WARNING
    assert "spec.tcp[1] is never reached" in str(problem)


def test_the_younger_of_two_for_one_host_is_named_in_a_warning() -> None:
    objects, _ = read("---".join([SHOP, EXAMPLE.format(spec=of_route(TO))]))
    (problem,) = (each for each in check(objects, IMAGES) if "VirtualService" in str(each))
    assert problem.severity is Severity.WARNING
    assert '"payment" is routed twice' in str(problem)


LONE = """
apiVersion: v1
kind: Service
metadata: {name: lone, namespace: souk}
spec: {selector: {app: payment}, ports: [{name: grpc, port: 50052, targetPort: grpc}]}
---
apiVersion: v1
kind: Service
metadata: {name: two, namespace: souk}
spec:
  selector: {app: payment}
  ports: [{name: grpc, port: 50052, targetPort: grpc}, {name: http, port: 8081, targetPort: grpc}]
"""


@pytest.mark.parametrize(
    ("destination", "bound", "said"),
    [
        ("{host: lone}", "hosts: [payment]", "destination.port is called by sidecars on 50051 alone"),
        ("{host: two}", "hosts: [a.example.com], gateways: [edge]", "destination.port is called by gateways on 8080"),
        ("{host: lone}", "hosts: [a.example.com], gateways: [edge]", ""),
        ("{host: lone, port: {number: 50052}}", "hosts: [payment]", ""),
        ("{host: payment}", "hosts: [payment]", ""),
    ],
)
def test_a_destination_without_the_port_of_its_callers_is_named_in_a_warning(
    destination: str, bound: str, said: str
) -> None:
    problems = found(of_route(f"route: [{{destination: {destination}}}]", bound), LONE)
    assert [problem.severity for problem in problems] == ([Severity.WARNING] if said else [])
    assert said in "\n".join(map(str, problems))


def test_hosts_are_compared_without_regard_to_case() -> None:
    assert found(of_route(TO, "hosts: [Payment.souk.svc.cluster.local]")) == ()
