"""What a VirtualService makes of the requests that reach one proxy."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from envoy.config.route.v3.route_components_pb2 import Route

from souk_mesh.objects import HTTPMatchRequest, HTTPRoute, L4MatchAttributes, StringMatch, VirtualService, contains
from souk_mesh.xds.actions import route_action, timed_action
from souk_mesh.xds.answers import direct_response, redirect_action
from souk_mesh.xds.cors import CORS_FILTER, cors
from souk_mesh.xds.destinations import Callee
from souk_mesh.xds.faults import FAULT_FILTER, fault
from souk_mesh.xds.hashing import add_hash, service_hash
from souk_mesh.xds.headers import change_headers, is_authority
from souk_mesh.xds.matches import admits, everything, route_match, takes_everything
from souk_mesh.xds.protos import packed
from souk_mesh.xds.reach import MESH, Caller, Reach
from souk_mesh.xds.retries import retry_policy
from souk_mesh.xds.view import cluster_name


def applies(rule: VirtualService, gateway: str) -> bool:
    """Whether a VirtualService speaks to the proxies of a gateway, or to sidecars."""
    return any(_gateway(name, rule) == gateway for name in rule.spec.gateways)


def concerns(condition: HTTPMatchRequest, rule: VirtualService, caller: Caller) -> bool:
    """Whether requests of a caller can meet a condition; where it names gateways, Istio looks at nothing else."""
    if condition.port is not None and condition.port != caller.port:
        return False
    if condition.gateways:
        return through(condition, rule, caller)
    return _from(condition, caller)


def concerns_connections(condition: L4MatchAttributes, rule: VirtualService, caller: Caller) -> bool:
    """Whether connections of a caller meet a condition."""
    if condition.port is not None and condition.port != caller.port:
        return False
    return (not condition.gateways or through(condition, rule, caller)) and _from(condition, caller)


def has_routes(rule: VirtualService, caller: Caller) -> bool:
    """Whether a VirtualService has any route for requests of a caller: where it has none, Istio takes the next."""
    return any(
        not entry.match or any(concerns(condition, rule, caller) for condition in entry.match)
        for entry in rule.spec.http
    )


def rule_routes(reach: Reach, sent_with: str = "") -> Iterator[Route]:
    """The routes of one VirtualService in their order; nothing after one that takes every request.

    Args:
        reach: the VirtualService, who asks, and what it leads to.
        sent_with: the authority that requests shall seem to carry, where they carry another.
    """
    for index, entry in enumerate(reach.rule.spec.http):
        conditions = [each for each in entry.match or (HTTPMatchRequest(),) if concerns(each, reach.rule, reach.caller)]
        settled = [(each, _settled(each, sent_with)) for each in conditions]
        matches = [(condition, route_match(rest)) for condition, rest in settled if rest is not None]
        if not matches:
            continue
        # What becomes of a request is the same whichever condition it meets, and takes most of the time.
        common = _route(entry, reach, sent_with)
        for condition, match in matches:
            route = Route(
                name=_name(reach.rule, index, entry, condition), stat_prefix=condition.stat_prefix, match=match
            )
            route.MergeFrom(common)
            yield route
            if takes_everything(match):
                return


def service_route(callee: Callee, port: int, sent_with: str = "") -> Route:
    """Where requests go that no rule speaks of: to the Service, with Istio's default retries."""
    action = timed_action(None)
    action.cluster = cluster_name(callee.key, port)
    if sent_with:
        action.host_rewrite_literal = sent_with
    hashed = service_hash(callee.policy, port)
    if hashed is not None:
        add_hash(action, hashed)
    policy = retry_policy(None, hashed=False)
    assert policy is not None
    action.retry_policy.CopyFrom(policy)
    return Route(name="default", match=everything(), route=action)


def _route(entry: HTTPRoute, reach: Reach, sent_with: str) -> Route:
    route = Route()
    change_headers(route, entry.headers)
    if entry.redirect is not None:
        route.redirect.CopyFrom(redirect_action(entry.redirect, reach.caller.port, reach.caller.scheme))
    elif entry.direct_response is not None:
        route.direct_response.CopyFrom(direct_response(entry.direct_response))
    else:
        route.route.CopyFrom(route_action(entry, reach, sent_with))
        if len(entry.route) == 1:
            change_headers(route, entry.route[0].headers)
    if entry.fault is not None:
        route.typed_per_filter_config[FAULT_FILTER].CopyFrom(packed(fault(entry.fault)))
    if entry.cors_policy is not None:
        route.typed_per_filter_config[CORS_FILTER].CopyFrom(packed(cors(entry.cors_policy)))
    return route


def _name(rule: VirtualService, index: int, entry: HTTPRoute, condition: HTTPMatchRequest) -> str:
    name = entry.name or f"{rule.metadata.namespace}/{rule.metadata.name}[{index}]"
    return f"{name}.{condition.name}" if condition.name else name


def through(condition: HTTPMatchRequest | L4MatchAttributes, rule: VirtualService, caller: Caller) -> bool:
    """Whether a condition names the gateway that a caller comes through."""
    return caller.gateway in {_gateway(name, rule) for name in condition.gateways}


def _from(condition: HTTPMatchRequest | L4MatchAttributes, caller: Caller) -> bool:
    there = condition.source_namespace in ("", caller.namespace)
    return there and contains(caller.labels, condition.source_labels)


def _settled(condition: HTTPMatchRequest, sent_with: str) -> HTTPMatchRequest | None:
    """The condition without what is known when the route is built; None when that already fails."""
    if not sent_with or not (condition.authority or condition.headers or condition.without_headers):
        return condition
    asked = [text for text in (condition.authority, *_on_authority(condition.headers)) if text is not None]
    excluded = _on_authority(condition.without_headers)
    if not all(admits(text, sent_with) for text in asked) or any(admits(text, sent_with) for text in excluded):
        return None
    return condition.model_copy(
        update={
            "authority": None,
            "headers": _on_others(condition.headers),
            "without_headers": _on_others(condition.without_headers),
        }
    )


def _on_authority(headers: Mapping[str, StringMatch]) -> list[StringMatch]:
    return [text for name, text in headers.items() if is_authority(name)]


def _on_others(headers: Mapping[str, StringMatch]) -> Mapping[str, StringMatch]:
    return {name: text for name, text in headers.items() if not is_authority(name)}


def _gateway(name: str, rule: VirtualService) -> str:
    """A gateway in full, `namespace/name`: or a name in the rule's namespace, or `name.namespace`."""
    if name == MESH or "/" in name:
        return name
    if "." in name:
        short, namespace = name.split(".")[:2]
        return f"{namespace}/{short}"
    return f"{rule.metadata.namespace}/{name}"
