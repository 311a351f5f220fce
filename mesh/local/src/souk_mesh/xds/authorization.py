"""The rules that a port asks before it lets anybody in (AuthorizationPolicy), as Envoy's RBAC."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.rbac.v3.rbac_pb2 import RBAC, Permission, Principal

from souk_mesh.objects import AuthorizationPolicy, From, Rule, To
from souk_mesh.objects.attributes import attribute
from souk_mesh.xds.permissions import permissions
from souk_mesh.xds.principals import principals
from souk_mesh.xds.view import Protocol

# What a request can be asked for and a connection can't, as a source or an operation says it that doesn't.
_OF_REQUESTS = dict.fromkeys(("request_principals", "not_request_principals"), ())
_OF_CALLS = dict.fromkeys(("hosts", "not_hosts", "methods", "not_methods", "paths", "not_paths"), ())


@dataclass(frozen=True)
class Guards:
    """The rule sets of a port, in the order in which they are asked."""

    deny: RBAC | None
    allow: RBAC | None


def guards(policies: Sequence[AuthorizationPolicy], spoken: Protocol) -> Guards:
    """What stands before a port of a pod that these policies speak of: nothing, if there are none."""
    return Guards(
        deny=_rules([each for each in policies if each.spec.action == "DENY"], RBAC.DENY, spoken),
        allow=_rules([each for each in policies if each.spec.action == "ALLOW"], RBAC.ALLOW, spoken),
    )


def _rules(policies: Sequence[AuthorizationPolicy], action: RBAC.Action, spoken: Protocol) -> RBAC | None:
    if not policies:
        return None
    result = RBAC(action=action)
    for policy in policies:
        name = f"ns[{policy.metadata.namespace}]-policy[{policy.metadata.name}]"
        if not policy.spec.rules:
            result.policies[f"{name}-rule[0]"].CopyFrom(_never())
        for index, rule in enumerate(policy.spec.rules):
            known = rule if spoken.http else _of_connections(rule)
            if action == RBAC.ALLOW and known != rule:
                continue  # what can't be checked is not allowed, and does not save from denial either
            result.policies[f"{name}-rule[{index}]"].CopyFrom(_policy(known, policy.metadata.namespace))
    return result


def _policy(rule: Rule, namespace: str) -> rbac_pb2.Policy:
    return rbac_pb2.Policy(permissions=permissions(rule), principals=principals(rule, namespace))


def _never() -> rbac_pb2.Policy:
    return rbac_pb2.Policy(
        permissions=[Permission(not_rule=Permission(any=True))], principals=[Principal(not_id=Principal(any=True))]
    )


def _of_connections(rule: Rule) -> Rule:
    """What of a rule can be asked of a connection; an equal rule if that is all of it."""
    sources = (each.source.model_copy(update=_OF_REQUESTS) for each in rule.from_)
    operations = (each.operation.model_copy(update=_OF_CALLS) for each in rule.to)
    return rule.model_copy(
        update={
            "from_": tuple(From(source=each) for each in sources),
            "to": tuple(To(operation=each) for each in operations),
            "when": tuple(each for each in rule.when if not ((asked := attribute(each.key)) and asked.http)),
        }
    )
