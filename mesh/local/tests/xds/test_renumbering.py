"""Rules that name a port, where it is bound under another number as well."""

from __future__ import annotations

import pytest
import yaml

from souk_mesh.objects import AuthorizationPolicy, parse
from souk_mesh.xds.renumbering import renumbered

RULES = {
    "ports": '{{to: [{{operation: {{ports: ["{0}", "9000"]}}}}]}}',
    "notPorts": '{{to: [{{operation: {{paths: [/a], notPorts: ["{0}"]}}}}]}}',
    "values": '{{when: [{{key: destination.port, values: ["{0}"]}}]}}',
    "notValues": '{{when: [{{key: destination.port, notValues: ["{0}"]}}]}}',
}


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_that_names_the_pods_port_means_the_exposed_one(rule: str) -> None:
    assert renumbered(_policy(rule.format(8080)), 8080, 15080) == _policy(rule.format(15080))


def test_a_rule_for_a_port_that_happens_to_have_the_exposed_number_means_neither() -> None:
    rule = RULES["ports"]
    assert renumbered(_policy(rule.format(15080)), 8080, 15080) == _policy(rule.format(8080))


def test_conditions_on_anything_else_stay_as_they_are() -> None:
    policy = _policy(f'{{when: [{{key: "request.headers[x-port]", values: ["{8080}"]}}]}}')
    assert renumbered(policy, 8080, 15080) == policy


def _policy(rule: str) -> AuthorizationPolicy:
    parsed = parse(
        {
            "apiVersion": "security.istio.io/v1",
            "kind": "AuthorizationPolicy",
            "metadata": {"name": "edge", "namespace": "souk"},
            "spec": {"rules": [yaml.safe_load(rule)]},
        }
    )
    assert isinstance(parsed, AuthorizationPolicy)
    return parsed
