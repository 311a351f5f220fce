"""What becomes of the requests that a route takes: where they go, changed how, with what copies, how often."""

from __future__ import annotations

from datetime import timedelta

from envoy.config.route.v3.route_components_pb2 import RouteAction

from souk_mesh.objects import HTTPRewrite, HTTPRoute
from souk_mesh.xds.hashing import add_hash
from souk_mesh.xds.headers import change_headers, new_authority
from souk_mesh.xds.mirrors import mirrored
from souk_mesh.xds.protos import duration, flag, regex
from souk_mesh.xds.reach import Reach
from souk_mesh.xds.retries import retry_policy


def route_action(entry: HTTPRoute, reach: Reach, sent_with: str = "") -> RouteAction:
    """What a route of a VirtualService does.

    Args:
        entry: the route.
        reach: what the hosts that it names mean.
        sent_with: the authority that requests shall seem to carry, where they carry another.
    """
    action = timed_action(entry.timeout)
    if entry.rewrite is not None:
        _rewrite_path(action, entry.rewrite)
    for destination, share in mirrored(entry):
        # A copy carries the authority of its original, without the "-shadow" that Envoy would add to it.
        policy = action.request_mirror_policies.add(
            cluster=reach.cluster(destination), trace_sampled=flag(False), disable_shadow_host_suffix_append=True
        )
        policy.runtime_fraction.default_value.CopyFrom(share)
    hashed = False
    if len(entry.route) == 1:
        action.cluster = reach.cluster(entry.route[0].destination)
        hashed = reach.hash(entry.route[0].destination) is not None
    else:
        _share_out(action, entry, reach)
    for each in (reach.hash(share.destination) for share in entry.route if share.weight or len(entry.route) == 1):
        if each is not None:
            add_hash(action, each)
    retries = retry_policy(entry.retries, hashed=hashed)
    if retries is not None:
        action.retry_policy.CopyFrom(retries)
    _set_authority(action, entry, sent_with)
    return action


def timed_action(timeout: timedelta | None) -> RouteAction:
    """An action that ends after a while. Without one the caller's own grpc-timeout still holds, and is not capped."""
    length = duration(timeout or timedelta())
    return RouteAction(timeout=length, max_grpc_timeout=length)


def _rewrite_path(action: RouteAction, rewrite: HTTPRewrite) -> None:
    if rewrite.uri_regex_rewrite is not None:
        action.regex_rewrite.pattern.CopyFrom(regex(rewrite.uri_regex_rewrite.match))
        action.regex_rewrite.substitution = rewrite.uri_regex_rewrite.rewrite
    elif rewrite.uri:
        action.prefix_rewrite = rewrite.uri


def _share_out(action: RouteAction, entry: HTTPRoute, reach: Reach) -> None:
    for share in entry.route:
        if share.weight:
            weighted = action.weighted_clusters.clusters.add(name=reach.cluster(share.destination))
            weighted.weight.value = share.weight
            change_headers(weighted, share.headers)
            if authority := new_authority(share.headers):
                weighted.host_rewrite_literal = authority


def _set_authority(action: RouteAction, entry: HTTPRoute, sent_with: str) -> None:
    rewritten = (entry.rewrite.authority if entry.rewrite else "") or new_authority(entry.headers)
    if not rewritten and len(entry.route) == 1:
        rewritten = new_authority(entry.route[0].headers)
    shares = action.weighted_clusters.clusters
    if not rewritten and sent_with and any(share.host_rewrite_literal for share in shares):
        # What stands on the route would win over what stands on a share.
        for share in shares:
            share.host_rewrite_literal = share.host_rewrite_literal or sent_with
    elif rewritten or sent_with:
        action.host_rewrite_literal = rewritten or sent_with
