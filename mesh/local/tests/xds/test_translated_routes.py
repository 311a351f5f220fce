"""What objects become in the routes of a caller, without a proxy."""

from __future__ import annotations

from typing import Any

import pytest
from translating import (
    DEFAULT_RETRY,
    HOST,
    PAYMENTS,
    SERVICE,
    TO,
    cluster,
    destination_rule,
    hosts,
    pod,
    routes,
    shown,
    translated,
    virtual_service,
)

from souk_mesh.xds import Kind


def test_a_service_without_rules_gets_istios_default_route() -> None:
    (route,) = routes()
    action = route["route"]
    assert action["cluster"] == f"outbound|50051||{HOST}"
    assert (action["timeout"], action["maxGrpcTimeout"]) == ("0s", "0s")
    assert action["retryPolicy"].pop("retryHostPredicate")[0]["name"] == "envoy.retry_host_predicates.previous_hosts"
    assert action["retryPolicy"] == DEFAULT_RETRY


def test_names_are_those_of_the_callers_namespace_and_everything_else_passes_in_plain_text() -> None:
    found = hosts(translated())
    assert found["payment"]["domains"] == ["payment", "payment.souk", "payment.souk.svc", HOST, f"{HOST}."]
    assert found["127.9.1.10"]["routes"][0]["route"]["hostRewriteLiteral"] == "payment:50051"
    assert found["*"]["routes"][0]["route"]["cluster"] == f"PassthroughCluster|50051||{HOST}"
    assert "transportSocketMatches" not in shown(translated(), Kind.CLUSTER, f"PassthroughCluster|50051||{HOST}")
    stranger = pod("web", 4, namespace="other")
    elsewhere = hosts(translated(of=stranger))
    assert "payment" not in elsewhere
    assert elsewhere["127.9.4.10"]["routes"][0]["route"]["hostRewriteLiteral"] == "payment.souk:50051"


@pytest.mark.parametrize(
    ("condition", "match"),
    [
        ("uri: {exact: /a}", {"path": "/a"}),
        ("uri: {prefix: /a}, ignoreUriCase: true", {"prefix": "/a", "caseSensitive": False}),
        ("uri: {regex: /a.*}", {"safeRegex": {"regex": "/a.*"}}),
        ("method: {exact: POST}", {"headers": [{"name": ":method", "stringMatch": {"exact": "POST"}}]}),
        ("authority: {prefix: pay}", {"headers": [{"name": ":authority", "stringMatch": {"prefix": "pay"}}]}),
        ("headers: {x-a: {prefix: b}}", {"headers": [{"name": "x-a", "stringMatch": {"prefix": "b"}}]}),
        ("headers: {x-a: {}}", {"headers": [{"name": "x-a", "presentMatch": True}]}),
        ('headers: {x-a: {regex: "*"}}', {"headers": [{"name": "x-a", "presentMatch": True}]}),
        ("withoutHeaders: {x-a: {}}", {"headers": [{"name": "x-a", "presentMatch": True, "invertMatch": True}]}),
        (
            "withoutHeaders: {x-a: {exact: b}}",
            {
                "headers": [
                    {
                        "name": "x-a",
                        "stringMatch": {"exact": "b"},
                        "invertMatch": True,
                        "treatMissingHeaderAsEmpty": True,
                    }
                ]
            },
        ),
        ("queryParams: {q: {exact: b}}", {"queryParameters": [{"name": "q", "stringMatch": {"exact": "b"}}]}),
        ("port: 50051", {"prefix": "/"}),
        ("sourceLabels: {tier: back}", {"prefix": "/"}),
        ("sourceNamespace: souk", {"prefix": "/"}),
        ("gateways: [mesh], sourceNamespace: other", {"prefix": "/"}),
    ],
)
def test_a_condition_becomes_a_match_of_the_route(condition: str, match: dict[str, Any]) -> None:
    (route,) = routes(virtual_service(f"{{match: [{{{condition}}}], {TO}}}"))
    assert route["match"] == {"prefix": "/", **match} if "headers" in match or "queryParameters" in match else match


@pytest.mark.parametrize(
    "condition", ["port: 80", "sourceLabels: {tier: front}", "sourceNamespace: other", "gateways: [souk/edge]"]
)
def test_a_rule_whose_conditions_this_caller_can_never_meet_does_not_speak_for_it(condition: str) -> None:
    (route,) = routes(virtual_service(f"{{match: [{{{condition}}}], {TO}}}"))
    assert route["name"] == "default"


def test_what_follows_a_route_for_everything_is_never_reached() -> None:
    found = routes(virtual_service(f"{{match: [{{uri: {{exact: /a}}}}, {{}}], {TO}}}", f"{{{TO}}}"))
    assert [route["match"] for route in found] == [{"path": "/a"}, {"prefix": "/"}]


def test_the_authority_of_a_call_by_address_is_settled_when_the_route_is_built() -> None:
    rules = virtual_service(
        f'{{match: [{{authority: {{exact: "payment:50051"}}}}], {TO}}}',
        f"{{match: [{{authority: {{exact: x}}}}], {TO}}}",
    )
    (route,) = routes(rules, domain="127.9.1.10")
    assert route["match"] == {"prefix": "/"}
    assert len(routes(rules)) == 2


def test_weights_keep_their_sum_and_zero_is_left_out() -> None:
    share = "{{destination: {{host: payment, subset: {0}}}, weight: {1}}}"
    shares = ", ".join(share.format(*each) for each in (("v1", 3), ("v2", 1), ("v3", 0)))
    (route,) = routes(virtual_service(f"{{route: [{shares}]}}"))
    assert route["route"]["weightedClusters"]["clusters"] == [
        {"name": f"outbound|50051|v1|{HOST}", "weight": 3},
        {"name": f"outbound|50051|v2|{HOST}", "weight": 1},
    ]


@pytest.mark.parametrize(
    ("retries", "policy"),
    [
        ("attempts: 0", None),
        ("attempts: 3", {**DEFAULT_RETRY, "numRetries": 3}),
        (
            'attempts: 1, retryOn: "reset,503", perTryTimeout: 250ms',
            {
                "retryOn": "reset,retriable-status-codes",
                "numRetries": 1,
                "retriableStatusCodes": [503],
                "perTryTimeout": "0.250s",
                "hostSelectionRetryMaxAttempts": "5",
            },
        ),
        ("attempts: 1, retryOn: cancelled, backoff: 5ms", {
            "retryOn": "cancelled", "numRetries": 1, "hostSelectionRetryMaxAttempts": "5",
            "retryBackOff": {"baseInterval": "0.005s"},
        }),
    ],
)  # fmt: skip
def test_retries_are_those_that_are_written_out(retries: str, policy: dict[str, Any] | None) -> None:
    (route,) = routes(virtual_service(f"{{{TO}, retries: {{{retries}}}}}"))
    found = route["route"].get("retryPolicy")
    if found:
        found.pop("retryHostPredicate")
    assert found == policy


def test_a_timeout_caps_the_callers_own() -> None:
    (route,) = routes(virtual_service(f"{{{TO}, timeout: 1.5s}}"))
    assert (route["route"]["timeout"], route["route"]["maxGrpcTimeout"]) == ("1.500s", "1.500s")


def test_a_fault_without_a_percentage_never_happens() -> None:
    (route,) = routes(
        virtual_service(f"{{{TO}, fault: {{abort: {{grpcStatus: UNAVAILABLE}}, delay: {{fixedDelay: 1s}}}}}}")
    )
    fault = route["typedPerFilterConfig"]["envoy.filters.http.fault"]
    assert fault["abort"] == {"grpcStatus": 14}
    assert fault["delay"] == {"fixedDelay": "1s", "percentage": {}}


def test_rules_of_gateways_alone_do_not_bind_sidecars() -> None:
    bound = virtual_service(f"{{{TO}, timeout: 1s}}", more="hosts: [payment]\n  gateways: [souk]")
    assert routes(bound)[0]["route"]["timeout"] == "0s"


def test_a_host_that_is_no_service_has_no_cluster() -> None:
    (route,) = routes(virtual_service("{route: [{destination: {host: nobody}}]}"))
    assert route["route"]["cluster"] == "outbound|50051||nobody.souk.svc.cluster.local"


def test_a_rule_that_leads_to_a_hashed_service_keeps_its_pod_also_in_retries() -> None:
    rule = destination_rule("host: payment, trafficPolicy: {loadBalancer: {consistentHash: {httpHeaderName: x-user}}}")
    assert cluster(rule)["lbPolicy"] == "RING_HASH"
    for others, predicate in ((), True), ((virtual_service(f"{{{TO}}}"),), False):
        (route,) = routes(rule, *others)
        assert route["route"]["hashPolicy"] == [{"header": {"headerName": "x-user"}}]
        assert ("retryHostPredicate" in route["route"]["retryPolicy"]) is predicate


def test_inbound_ports_are_tried_again_only_where_requests_are_not_grpc() -> None:
    result = translated(
        SERVICE.replace("name: payment", "name: web").replace("grpc, port", "http, port"), of=PAYMENTS[0]
    )
    assert "retryPolicy" in shown(result, Kind.ROUTES, "inbound|50061||")["virtualHosts"][0]["routes"][0]["route"]
    result = translated(of=PAYMENTS[0])
    assert "retryPolicy" not in shown(result, Kind.ROUTES, "inbound|50061||")["virtualHosts"][0]["routes"][0]["route"]
