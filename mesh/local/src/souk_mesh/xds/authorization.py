"""Who may call what (AuthorizationPolicy; istio-semantics 26-31)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from envoy.config.core.v3 import extension_pb2
from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.path.match.uri_template.v3 import uri_template_match_pb2
from envoy.type.matcher.v3 import path_pb2, string_pb2

from souk_mesh.objects import AuthorizationPolicy, Operation, Rule, Source
from souk_mesh.topology import Pod
from souk_mesh.xds.configuration import ROOT_NAMESPACE, Configuration
from souk_mesh.xds.protos import packed, regex
from souk_mesh.xds.view import Protocol

_Permission = rbac_pb2.Permission
_Principal = rbac_pb2.Principal
_String = string_pb2.StringMatcher

SPIFFE = "spiffe://"


@dataclass(frozen=True)
class Guards:
    """The rule sets of a port, in the order in which they are asked."""

    deny: rbac_pb2.RBAC | None
    allow: rbac_pb2.RBAC | None


def guards(configuration: Configuration, pod: Pod, spoken: Protocol) -> Guards:
    """What stands before a port of `pod`: nothing, if no policy speaks of the pod."""
    policies = [policy for policy in configuration.authorization_policies if _concerns(policy, pod)]
    return Guards(
        deny=_rules([each for each in policies if each.spec.action == "DENY"], rbac_pb2.RBAC.DENY, spoken),
        allow=_rules([each for each in policies if each.spec.action == "ALLOW"], rbac_pb2.RBAC.ALLOW, spoken),
    )


def _concerns(policy: AuthorizationPolicy, pod: Pod) -> bool:
    selected = policy.spec.selector is None or policy.spec.selector.matches(pod.labels)
    return selected and policy.metadata.namespace in (ROOT_NAMESPACE, pod.namespace)


def _rules(policies: list[AuthorizationPolicy], action: rbac_pb2.RBAC.Action, spoken: Protocol) -> rbac_pb2.RBAC | None:
    if not policies:
        return None
    result = rbac_pb2.RBAC(action=action)
    for policy in policies:
        for index, rule in enumerate(policy.spec.rules):
            if not spoken.http and action == rbac_pb2.RBAC.ALLOW and _needs_http(rule):
                continue  # what can't be checked is not allowed …
            name = f"ns[{policy.metadata.namespace}]-policy[{policy.metadata.name}]-rule[{index}]"
            # … and what can't be checked does not save from denial either.
            result.policies[name].CopyFrom(_policy(rule if spoken.http else _without_http(rule)))
    return result


def _policy(rule: Rule) -> rbac_pb2.Policy:
    operations = [_operation(each.operation) for each in rule.to]
    sources = [_source(each.source) for each in rule.from_]
    return rbac_pb2.Policy(
        permissions=operations or [_Permission(any=True)], principals=sources or [_Principal(any=True)]
    )


def _needs_http(rule: Rule) -> bool:
    return any(
        each.operation.methods or each.operation.not_methods or each.operation.paths or each.operation.not_paths
        for each in rule.to
    )


def _without_http(rule: Rule) -> Rule:
    kept = tuple(
        each.model_copy(update={"operation": Operation(ports=each.operation.ports, not_ports=each.operation.not_ports)})
        for each in rule.to
    )
    return rule.model_copy(update={"to": kept})


def _operation(operation: Operation) -> _Permission:
    parts = [
        *_permission([_method(each) for each in operation.methods], [_method(each) for each in operation.not_methods]),
        *_permission([_path(each) for each in operation.paths], [_path(each) for each in operation.not_paths]),
        *_permission([_port(each) for each in operation.ports], [_port(each) for each in operation.not_ports]),
    ]
    return _Permission(and_rules=_Permission.Set(rules=parts or [_Permission(any=True)]))


def _permission(wanted: Sequence[_Permission], unwanted: Sequence[_Permission]) -> Iterable[_Permission]:
    if wanted:
        yield _Permission(or_rules=_Permission.Set(rules=wanted))
    if unwanted:
        yield _Permission(not_rule=_Permission(or_rules=_Permission.Set(rules=unwanted)))


def _source(source: Source) -> _Principal:
    names = [_authenticated(_identity(each)) for each in source.principals]
    other_names = [_authenticated(_identity(each)) for each in source.not_principals]
    spaces = [_authenticated(_namespace(each)) for each in source.namespaces]
    other_spaces = [_authenticated(_namespace(each)) for each in source.not_namespaces]
    parts = [*_principal(names, other_names), *_principal(spaces, other_spaces)]
    return _Principal(and_ids=_Principal.Set(ids=parts or [_Principal(any=True)]))


def _principal(wanted: Sequence[_Principal], unwanted: Sequence[_Principal]) -> Iterable[_Principal]:
    if wanted:
        yield _Principal(or_ids=_Principal.Set(ids=wanted))
    if unwanted:
        yield _Principal(not_id=_Principal(or_ids=_Principal.Set(ids=unwanted)))


def _authenticated(name: _String) -> _Principal:
    # A peer in plain text has no name: it never matches, so that `not…` always does.
    return _Principal(authenticated=_Principal.Authenticated(principal_name=name))


def _identity(text: str) -> _String:
    if text == "*":
        return _String(safe_regex=regex(".+"))
    if text.startswith("*"):
        return _String(safe_regex=regex(f"{SPIFFE}.*{re.escape(text[1:])}"))
    return _string(SPIFFE + text)


def _namespace(text: str) -> _String:
    pattern = ".*".join(re.escape(part) for part in text.split("*"))
    return _String(safe_regex=regex(f".*/ns/{pattern}/.*"))


def _method(text: str) -> _Permission:
    header = route_components_pb2.HeaderMatcher(name=":method")
    if text == "*":
        header.present_match = True
    else:
        header.string_match.CopyFrom(_string(text))
    return _Permission(header=header)


def _path(text: str) -> _Permission:
    if "{*}" in text or "{**}" in text:
        template = uri_template_match_pb2.UriTemplateMatchConfig(
            path_template=text.replace("{*}", "*").replace("{**}", "**")
        )
        return _Permission(
            uri_template=extension_pb2.TypedExtensionConfig(
                name="envoy.path.match.uri_template.uri_template_matcher", typed_config=packed(template)
            )
        )
    return _Permission(url_path=path_pb2.PathMatcher(path=_string(text)))


def _port(text: str) -> _Permission:
    return _Permission(destination_port=int(text))


def _string(text: str) -> _String:
    """Reads `exact`, `prefix*`, `*suffix` or `*` (present)."""
    if text == "*":
        return _String(safe_regex=regex(".+"))
    if text.startswith("*"):
        return _String(suffix=text[1:])
    if text.endswith("*"):
        return _String(prefix=text[:-1])
    return _String(exact=text)
