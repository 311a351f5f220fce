"""Who may call what (AuthorizationPolicy)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from envoy.config.core.v3 import extension_pb2
from envoy.config.rbac.v3 import rbac_pb2
from envoy.config.rbac.v3.rbac_pb2 import Permission, Principal
from envoy.config.route.v3 import route_components_pb2
from envoy.extensions.path.match.uri_template.v3 import uri_template_match_pb2
from envoy.type.matcher.v3 import path_pb2
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from souk_mesh.objects import AuthorizationPolicy, Operation, Rule, Source
from souk_mesh.topology import Pod
from souk_mesh.xds.configuration import ROOT_NAMESPACE
from souk_mesh.xds.protos import packed, regex
from souk_mesh.xds.view import Protocol

SPIFFE = "spiffe://"


@dataclass(frozen=True)
class Guards:
    """The rule sets of a port, in the order in which they are asked."""

    deny: rbac_pb2.RBAC | None
    allow: rbac_pb2.RBAC | None


def concerning(policies: Iterable[AuthorizationPolicy], pod: Pod) -> tuple[AuthorizationPolicy, ...]:
    """The policies that speak of a pod."""
    return tuple(
        each
        for each in policies
        if each.metadata.namespace in (ROOT_NAMESPACE, pod.namespace)
        and (each.spec.selector is None or each.spec.selector.matches(pod.labels))
    )


def guards(policies: Sequence[AuthorizationPolicy], spoken: Protocol) -> Guards:
    """What stands before a port of a pod that these policies speak of: nothing, if there are none."""
    return Guards(
        deny=_rules([each for each in policies if each.spec.action == "DENY"], rbac_pb2.RBAC.DENY, spoken),
        allow=_rules([each for each in policies if each.spec.action == "ALLOW"], rbac_pb2.RBAC.ALLOW, spoken),
    )


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
        permissions=operations or [Permission(any=True)], principals=sources or [Principal(any=True)]
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


def _operation(operation: Operation) -> Permission:
    parts = [
        *_permission([_method(each) for each in operation.methods], [_method(each) for each in operation.not_methods]),
        *_permission([_path(each) for each in operation.paths], [_path(each) for each in operation.not_paths]),
        *_permission([_port(each) for each in operation.ports], [_port(each) for each in operation.not_ports]),
    ]
    return Permission(and_rules=Permission.Set(rules=parts or [Permission(any=True)]))


def _permission(wanted: Sequence[Permission], unwanted: Sequence[Permission]) -> Iterable[Permission]:
    if wanted:
        yield Permission(or_rules=Permission.Set(rules=wanted))
    if unwanted:
        yield Permission(not_rule=Permission(or_rules=Permission.Set(rules=unwanted)))


def _source(source: Source) -> Principal:
    names = [_authenticated(_identity(each)) for each in source.principals]
    other_names = [_authenticated(_identity(each)) for each in source.not_principals]
    spaces = [_authenticated(_namespace(each)) for each in source.namespaces]
    other_spaces = [_authenticated(_namespace(each)) for each in source.not_namespaces]
    parts = [*_principal(names, other_names), *_principal(spaces, other_spaces)]
    return Principal(and_ids=Principal.Set(ids=parts or [Principal(any=True)]))


def _principal(wanted: Sequence[Principal], unwanted: Sequence[Principal]) -> Iterable[Principal]:
    if wanted:
        yield Principal(or_ids=Principal.Set(ids=wanted))
    if unwanted:
        yield Principal(not_id=Principal(or_ids=Principal.Set(ids=unwanted)))


def _authenticated(name: StringMatcher) -> Principal:
    # A peer in plain text has no name: it never matches, so that `not…` always does.
    return Principal(authenticated=Principal.Authenticated(principal_name=name))


def _identity(text: str) -> StringMatcher:
    if text == "*":
        return StringMatcher(safe_regex=regex(".+"))
    if text.startswith("*"):
        return StringMatcher(safe_regex=regex(f"{SPIFFE}.*{re.escape(text[1:])}"))
    return _string(SPIFFE + text)


def _namespace(text: str) -> StringMatcher:
    pattern = ".*".join(re.escape(part) for part in text.split("*"))
    return StringMatcher(safe_regex=regex(f".*/ns/{pattern}/.*"))


def _method(text: str) -> Permission:
    header = route_components_pb2.HeaderMatcher(name=":method")
    if text == "*":
        header.present_match = True
    else:
        header.string_match.CopyFrom(_string(text))
    return Permission(header=header)


def _path(text: str) -> Permission:
    if "{*}" in text or "{**}" in text:
        template = uri_template_match_pb2.UriTemplateMatchConfig(
            path_template=text.replace("{*}", "*").replace("{**}", "**")
        )
        return Permission(
            uri_template=extension_pb2.TypedExtensionConfig(
                name="envoy.path.match.uri_template.uri_template_matcher", typed_config=packed(template)
            )
        )
    return Permission(url_path=path_pb2.PathMatcher(path=_string(text)))


def _port(text: str) -> Permission:
    return Permission(destination_port=int(text))


def _string(text: str) -> StringMatcher:
    """Reads `exact`, `prefix*`, `*suffix` or `*` (present)."""
    if text == "*":
        return StringMatcher(safe_regex=regex(".+"))
    if text.startswith("*"):
        return StringMatcher(suffix=text[1:])
    if text.endswith("*"):
        return StringMatcher(prefix=text[:-1])
    return StringMatcher(exact=text)
