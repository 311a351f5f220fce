"""What a case states, compared with observations that were made up."""

from __future__ import annotations

import json

import pytest
from pydantic import ValidationError

from behaviour.case import Call, Observed
from behaviour.judging import Observation, arrived, expected, judge


def seen(answer: str = "200", version: str = "v1", seconds: float = 0.0, **reply: object) -> Observation:
    body = json.dumps({"version": version, "pod": f"{version}-a", **reply})
    return Observation(answer, {"server": "envoy"}, (body,), seconds)


def found(stated: dict[str, object], *observations: Observation) -> list[str]:
    return list(judge(Observed.model_validate({"answer": 200, **stated}), observations))


def test_what_is_as_stated_is_no_problem() -> None:
    assert found({"versions": "v1", "pods": 1, "headers": {"server": "envoy", "x-gone": None}}, seen()) == []


@pytest.mark.parametrize(
    ("stated", "part"),
    [
        ({"answer": 503}, "answer: 200 in 1 of 1"),
        ({"versions": "v2"}, "versions: v1 in 1 of 1"),
        ({"pods": 2}, "pods: 2 should"),
        ({"messages": 3}, "messages: 1, not 3"),
        ({"headers": {"server": None}}, "headers: server is 'envoy', not None"),
        ({"headers": {"server": {"matches": "istio.*"}}}, "does not match"),
        ({"body": "RBAC"}, "body: 'RBAC' is not in"),
        ({"callee": {"path": "/b"}}, "callee.path: '/a', not '/b'"),
        ({"callee": {"headers": {"x-user": "ann"}}}, "callee.headers: x-user is 'bob'"),
        ({"took": {"at_least": "2s"}}, "less than 2.0 s"),
        ({"took": {"at_most": "500ms"}}, "more than 0.5 s"),
    ],
)
def test_every_part_of_a_statement_is_compared(stated: dict[str, object], part: str) -> None:
    problems = found(stated, seen(seconds=1.0, path="/a", headers={"x-user": "bob"}))
    assert any(part in problem for problem in problems), problems


def test_a_share_may_stray_as_far_as_chance_does() -> None:
    assert expected(100, 0.8).start == pytest.approx(58, abs=3)
    assert expected(100, 0.8)[-1] == pytest.approx(97, abs=3)
    assert expected(100, 1) == range(100, 101)


def test_a_share_that_chance_does_not_explain_is_a_problem() -> None:
    calls = [seen()] * 55 + [seen(version="v2")] * 45
    assert found({"versions": {"v1": 50, "v2": 50}}, *calls) == []
    assert len(found({"versions": {"v1": 80, "v2": 20}}, *calls)) == 2


def test_arrivals_are_counted_in_all_or_by_deployment() -> None:
    assert arrived(3, {"a": 1, "b": 2}) is None
    assert arrived({"b": 2, "a": 1}, {"a": 1, "b": 2, "c": 0}) is None
    assert arrived({"a": 3}, {"a": 2, "b": 1}) == "arrivals: {'a': 2, 'b': 1}, not {'a': 3}"


def test_a_call_names_one_protocol_and_no_unknown_key() -> None:
    call = Call.model_validate({"http1": "pay:8080/a/b?c=d", "observes": {"answer": 200}})
    assert (call.protocol, call.host, call.port, call.path) == ("http1", "pay", 8080, "/a/b?c=d")
    with pytest.raises(ValidationError, match="exactly one of http1, http2, grpc, tcp"):
        Call.model_validate({"observes": {"answer": 200}})
    with pytest.raises(ValidationError, match="Extra inputs"):
        Call.model_validate({"tcp": "pay:9000", "observes": {"answer": "answered"}, "retires": 3})
