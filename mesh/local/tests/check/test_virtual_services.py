"""What is taken of a VirtualService, as Istio's webhook takes it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_check import SHOP

from souk_mesh.check import check
from souk_mesh.images import load_images
from souk_mesh.overlays.loading import read
from souk_mesh.problems import Problem

IMAGES = load_images(Path("/nowhere"), Path("python"))
EXAMPLE = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {{name: example, namespace: souk}}
spec: {spec}
"""
TO = "route: [{destination: {host: payment}}]"


def found(spec: str) -> tuple[Problem, ...]:
    """The problems of one VirtualService, beside the Services of the shop."""
    standing = [part for part in SHOP.split("---") if "  hosts: [payment]" not in part]
    objects, unread = read("---".join([*standing, EXAMPLE.format(spec=spec)]))
    assert unread == ()
    return tuple(each for each in check(objects, IMAGES) if "VirtualService souk/example" in str(each))


def of_route(rule: str, more: str = "hosts: [payment]") -> str:
    return f"{{{more}, http: [{{{rule}}}]}}"


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
    claim = 'headers: {"@request.auth.claims.group": {exact: b}}'
    assert found(of_route(f"match: [{{{claim}}}], {TO}", "hosts: [a.example.com], gateways: [edge]")) == ()


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


def test_a_host_beside_a_service_may_be_any() -> None:
    assert found(of_route(TO, "hosts: [payment, api.example.com]")) == ()


def test_hosts_are_compared_without_regard_to_case() -> None:
    assert found(of_route(TO, "hosts: [Payment.souk.svc.cluster.local]")) == ()
