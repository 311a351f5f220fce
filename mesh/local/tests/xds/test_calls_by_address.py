"""A call to the address that the supervisor wrote in place of a name fares as if it had been made by that name."""

from __future__ import annotations

import pytest
from translating import TO, Json, routes, virtual_service

ADDRESS = "127.9.1.10"


def by_address(*rules: str) -> list[Json]:
    return routes(virtual_service(*rules), domain=ADDRESS)


@pytest.mark.parametrize(
    "condition",
    [
        'authority: {exact: "payment:50051"}',
        "authority: {prefix: payment}",
        'authority: {regex: "payment(:[0-9]+)?"}',
        "authority: {}",
        'headers: {":authority": {prefix: payment}}',
        "headers: {Host: {prefix: payment}}",
        "withoutHeaders: {host: {exact: payment}}",
    ],
)
def test_a_condition_on_the_authority_that_holds_is_left_out(condition: str) -> None:
    (route,) = by_address(f"{{match: [{{{condition}, method: {{exact: POST}}}}], {TO}}}")
    assert [header["name"] for header in route["match"]["headers"]] == [":method"]


@pytest.mark.parametrize(
    "condition",
    [
        "authority: {exact: payment}",
        "authority: {prefix: order}",
        'authority: {regex: "pay"}',
        "headers: {host: {exact: order}}",
        'withoutHeaders: {":authority": {prefix: payment}}',
        "withoutHeaders: {host: {}}",
    ],
)
def test_a_route_whose_condition_on_the_authority_fails_is_left_out(condition: str) -> None:
    (route,) = by_address(f"{{match: [{{{condition}}}], {TO}}}", f"{{{TO}, timeout: 1s}}")
    assert route["route"]["timeout"] == "1s"


def test_other_headers_are_asked_for_as_ever() -> None:
    (route,) = by_address(f"{{match: [{{headers: {{x-a: {{exact: b}}}}, withoutHeaders: {{x-c: {{}}}}}}], {TO}}}")
    assert [header["name"] for header in route["match"]["headers"]] == ["x-a", "x-c"]


@pytest.mark.parametrize(
    ("fields", "authority"),
    [
        ("timeout: 1s", "payment:50051"),
        ("rewrite: {authority: b.example.com}", "b.example.com"),
        ("headers: {request: {set: {host: b.example.com}}}", "b.example.com"),
        ("mirror: {host: payment}", "payment:50051"),
    ],
)
def test_the_callee_reads_the_name_or_what_the_rule_makes_of_it(fields: str, authority: str) -> None:
    (route,) = by_address(f"{{{TO}, {fields}}}")
    assert route["route"]["hostRewriteLiteral"] == authority


def test_the_only_destination_may_set_another_authority() -> None:
    share = "{destination: {host: payment}, headers: {request: {set: {host: b.example.com}}}}"
    (route,) = by_address(f"{{route: [{share}]}}")
    assert route["route"]["hostRewriteLiteral"] == "b.example.com"


def test_where_one_share_sets_the_authority_the_others_get_the_name() -> None:
    # On the route itself the name would win over what the share says.
    share = "{{destination: {{host: payment, subset: {0}}}, weight: 1{1}}}"
    marked = share.format("v1", ", headers: {request: {set: {host: b.example.com}}}")
    (route,) = by_address(f"{{route: [{marked}, {share.format('v2', '')}]}}")
    assert "hostRewriteLiteral" not in route["route"]
    shares = route["route"]["weightedClusters"]["clusters"]
    assert [each["hostRewriteLiteral"] for each in shares] == ["b.example.com", "payment:50051"]


def test_shares_that_leave_the_authority_alone_get_the_name_from_the_route() -> None:
    shares = ", ".join(f"{{destination: {{host: payment, subset: {each}}}, weight: 1}}" for each in ("v1", "v2"))
    (route,) = by_address(f"{{route: [{shares}]}}")
    assert route["route"]["hostRewriteLiteral"] == "payment:50051"
    assert all("hostRewriteLiteral" not in each for each in route["route"]["weightedClusters"]["clusters"])


def test_a_redirect_keeps_the_address_that_the_caller_can_reach() -> None:
    (route,) = by_address("{redirect: {uri: /b}}")
    assert route["redirect"] == {"pathRedirect": "/b"}
