"""Services that pods call although their proxies must not know them (Sidecar, exportTo).

In a cluster a pod still has the address of such a Service, and its proxy takes the call as it takes any to an address
that it knows nothing of: it lets it through in plain text, past all rules, or refuses it (REGISTRY_ONLY). Here it needs
a listener for that. Only Services that the pod's own YAML names have one, since nobody else can be called.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from envoy.config.route.v3 import route_components_pb2

from souk_mesh.objects import ServiceEntry, ServicePort
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.actions import timed_action
from souk_mesh.xds.connections import Forwarding
from souk_mesh.xds.destinations import Callee, Callees, DestinationPolicy
from souk_mesh.xds.matches import everything
from souk_mesh.xds.mesh_rules import known_names
from souk_mesh.xds.registry import Registry
from souk_mesh.xds.routes import Hosts, others, routes_name, virtual_host
from souk_mesh.xds.view import passthrough_name

BLACK_HOLE = "BlackHoleCluster"
"""Where Istio's proxies send what is refused: there is no such cluster."""


@dataclass(frozen=True)
class Strange:
    """A port of a stranger on which the callers' proxy tells requests apart."""

    key: ServiceKey
    port: ServicePort
    namespace: str
    """Of the callers."""
    registry_only: bool


def strangers(
    called: Iterable[ServiceKey], named: Callees, registry: Registry, entries: Mapping[ServiceKey, ServiceEntry]
) -> Callees:
    """Those of the Services that are called that their callers can't name."""
    unknown = (key for key in sorted(called) if key in registry.services and key.host not in named)
    return {key.host: Callee(key, registry.services[key], DestinationPolicy(), entries.get(key)) for key in unknown}


def strange_hosts(given: Strange) -> Hosts:
    """What becomes of requests: whatever they ask for, nobody knows it."""
    refused_or_not = others(given.key, given.port, registry_only=given.registry_only)
    if given.registry_only:
        by_address = virtual_host("block_all|address", (), refused_or_not.routes)
    else:
        action = timed_action(None)
        action.cluster = passthrough_name(given.key, given.port.port)
        action.host_rewrite_literal = f"{known_names(given.key, given.namespace)[0]}:{given.port.port}"
        route = route_components_pb2.Route(name="allow_any", match=everything(), route=action)
        by_address = virtual_host("allow_any|address", (), [route])
    return Hosts(routes_name(given.key, given.port.port), by_address, (refused_or_not,))


def strange_forwarding(key: ServiceKey, port: ServicePort, *, registry_only: bool) -> Forwarding:
    """What becomes of connections where requests are not told apart."""
    return Forwarding(BLACK_HOLE if registry_only else passthrough_name(key, port.port))
