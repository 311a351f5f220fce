"""Policies for a port that is also bound under another number.

A gateway's port is bound on 127.0.0.1 as well, where its number may be another. Rules that name ports mean those of the
pod, and Envoy compares them with what the connection came in by.
"""

from __future__ import annotations

from souk_mesh.objects import AuthorizationPolicy, Condition, Rule, To
from souk_mesh.objects.attributes import Attribute

_Texts = tuple[str, ...]


def renumbered(policy: AuthorizationPolicy, pods: int, exposed: int) -> AuthorizationPolicy:
    """The same policy, as it must be written where the pod's port is seen as another."""
    seen = {str(pods): str(exposed), str(exposed): str(pods)}
    rules = tuple(_rule(each, seen) for each in policy.spec.rules)
    return policy.model_copy(update={"spec": policy.spec.model_copy(update={"rules": rules})})


def _rule(rule: Rule, seen: dict[str, str]) -> Rule:
    operations = (
        each.operation.model_copy(
            update={"ports": _ports(each.operation.ports, seen), "not_ports": _ports(each.operation.not_ports, seen)}
        )
        for each in rule.to
    )
    to = tuple(To(operation=each) for each in operations)
    return rule.model_copy(update={"to": to, "when": tuple(_condition(each, seen) for each in rule.when)})


def _condition(condition: Condition, seen: dict[str, str]) -> Condition:
    if condition.key != Attribute.DESTINATION_PORT:
        return condition
    return condition.model_copy(
        update={"values": _ports(condition.values, seen), "not_values": _ports(condition.not_values, seen)}
    )


def _ports(texts: _Texts, seen: dict[str, str]) -> _Texts:
    return tuple(seen.get(each, each) for each in texts)
