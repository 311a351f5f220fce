"""What is no VirtualService, and the words that say so."""

from __future__ import annotations

import pytest
from test_parsing import VIRTUAL_SERVICE, refusal


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("timeout: 1.5s", "timeout: 1.5", "spec.http[0].timeout is wrong: 1.5 is not a duration; write it like"),
        ("timeout: 1.5s", "timeout: 2 s", "spec.http[0].timeout is wrong: '2 s' is not a duration; write it like"),
        ("perTryTimeout: 250ms", "perTryTimeout: 0s", "spec.http[0].retries.perTryTimeout is"),
        (
            "timeout: 1.5s",
            "timeout: 0s",
            "timeout is wrong: Istio takes whole milliseconds, at least one; for no",
        ),
        ("timeout: 1.5s", "timeout: 1.5ms", "spec.http[0].timeout is wrong: Istio takes whole milliseconds"),
        ("{prefix: /a}", '{regex: ""}', "match[0].uri.regex is"),
        ("subset: v2", "subset: V_2", 'destination.subset is "V_2": string should match'),
        ("fault: {abort", "fault: {} #", "spec.http[0].fault is wrong: at least one field must be set"),
        (
            "timeout: 1.5s",
            "mirror: {host: a}\n      mirrors: [{destination: {host: b}}]",
            "set at most one of mirror,",
        ),
        ("http:", 'exportTo: ["*", other]\n  http:', 'spec.exportTo is wrong: "*" and "~" stand alone'),
        ("http:", 'exportTo: ["~"]\n  http:', "spec.exportTo is wrong: only a ServiceEntry or a Service can"),
        ("timeout: 1.5s", "redirect: {uri: /b}", "spec.http[0] is wrong: has redirect, so that route, fault can have"),
        (
            "timeout: 1.5s",
            "directResponse: {status: 200}",
            "has directResponse, so that route, fault can",
        ),
        ("timeout: 1.5s", "redirect: {redirectCode: 304}", "redirectCode is wrong: Envoy can send 301, 302, 303,"),
        ("timeout: 1.5s", "redirect: {redirectCode: 302}", "redirect is wrong: say where to: by uri, prefixRewrite"),
        ("timeout: 1.5s", "redirect: {uri: /a, prefixRewrite: /b}", "wrong: set at most one of uri, prefixRewrite"),
        ("timeout: 1.5s", "rewrite: {}", "spec.http[0].rewrite is wrong: at least one field must be set"),
        (
            "timeout: 1.5s",
            "rewrite: {uri: /a, uriRegexRewrite: {match: a, rewrite: b}}",
            "rewrite is wrong: set at most one of uri, uriRegexRewrite",
        ),
        (
            "timeout: 1.5s",
            "corsPolicy: {maxAge: 1500ms}",
            "maxAge is wrong: browsers are told whole seconds",
        ),
        ("timeout: 1.5s", "corsPolicy: {allowMethods: [FETCH]}", 'corsPolicy.allowMethods[0] is "FETCH"; it must be'),
        ("value: 0.5", "value: 0.00001", "percentage is wrong: Istio counts in millionths"),
        (
            "http:",
            "tls: []\n  http:",
            "spec.tls is what the local mesh refuses: nothing here",
        ),
        (
            "http:",
            "tcp: [{match: [{destinationSubnets: [10.0.0.0/8]}], route: [{destination: {host: a}}]}]\n  http:",
            "match[0].destinationSubnets is what the local mesh refuses: addresses here are not those of a cluster",
        ),
        (
            "timeout: 1.5s",
            "delegate: {name: a}",
            "delegate is what the local mesh refuses: one VirtualService",
        ),
        ("weight: 10", "weight: -10", "spec.http[0].route[1].weight is -10: input should be greater than or equal to"),
        ("{prefix: /a}", "{prefix: /a, exact: /a}", "match[0].uri is wrong: set at most one of exact, prefix, regex"),
        ("grpcStatus: UNAVAILABLE", "grpcStatus: A, httpStatus: 503", "fault.abort is wrong: set exactly one of http"),
        ("value: 0.5", "value: 101", "percentage.value is 101: input should be less than or equal to 100"),
        ("hosts: [payment]", "hosts: []", "spec.hosts is empty: at least one is needed"),
    ],
)
def test_a_virtual_service_is_refused_by_field(old: str, new: str, said: str) -> None:
    assert old in VIRTUAL_SERVICE
    assert said in refusal(VIRTUAL_SERVICE.replace(old, new))


def test_a_virtual_service_without_routes_is_refused() -> None:
    nothing = VIRTUAL_SERVICE[: VIRTUAL_SERVICE.index("  http:")]
    assert "spec is wrong: has neither http nor tcp routes" in refusal(nothing)
