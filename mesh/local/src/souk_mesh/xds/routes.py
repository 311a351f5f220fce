"""Where a sidecar sends its application's requests (RDS): one table for every port of every Service."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

from envoy.config.route.v3 import route_components_pb2, route_pb2
from envoy.config.route.v3.route_components_pb2 import VirtualHost
from google.protobuf import wrappers_pb2

from souk_mesh.objects import ServicePort, VirtualService
from souk_mesh.topology import Pod, ServiceKey
from souk_mesh.xds.destinations import covers
from souk_mesh.xds.matches import everything
from souk_mesh.xds.protos import duration
from souk_mesh.xds.rules import MESH, Caller, Rewritten, applies, rule_routes, service_route
from souk_mesh.xds.view import View, full_host, passthrough_name, protocol


def routes_name(key: ServiceKey, port: int) -> str:
    """What the table of one port of a Service is called."""
    return f"{key.host}:{port}"


def outbound_routes(view: View, pod: Pod) -> Iterator[route_pb2.RouteConfiguration]:
    """The tables of all HTTP ports that `pod` can call by name."""
    for key, port in view.ports():
        if key in pod.addresses.virtual and protocol(port).http:
            yield _table(view, pod, key, port)


def _table(view: View, pod: Pod, key: ServiceKey, port: ServicePort) -> route_pb2.RouteConfiguration:
    caller = Caller(pod, port.port)
    names = known_names(key, pod.namespace)
    # The supervisor wrote this pod's virtual address where the application had a name: to everybody else the call must
    # look as if it still had.
    rewritten = Rewritten(f"{names[0]}:{port.port}")
    return route_pb2.RouteConfiguration(
        name=routes_name(key, port.port),
        virtual_hosts=[
            VirtualHost(
                name=f"{key.host}:{port.port}",
                domains=names,
                routes=_routes(view, key, port, caller, None),
                include_request_attempt_count=True,
            ),
            VirtualHost(
                name=f"{key.host}:{port.port}|address",
                domains=[pod.addresses.virtual[key]],
                routes=_routes(view, key, port, caller, rewritten),
                include_request_attempt_count=True,
            ),
            _allow_any(key, port),
        ],
        ignore_port_in_host_matching=True,
        validate_clusters=wrappers_pb2.BoolValue(value=False),
    )


def known_names(key: ServiceKey, namespace: str) -> list[str]:
    """The authorities that mean a Service to a caller in `namespace`, the usual one first."""
    names = [f"{key.name}.{key.namespace}", f"{key.name}.{key.namespace}.svc", key.host, f"{key.host}."]
    return [key.name, *names] if namespace == key.namespace else names


def _routes(
    view: View, key: ServiceKey, port: ServicePort, caller: Caller, rewritten: Rewritten | None
) -> list[route_components_pb2.Route]:
    rule = _rule(view, key)
    if rule is None:
        return [service_route(view, key, port.port, caller, rewritten)]
    return list(rule_routes(view, rule, caller, rewritten))


def _rule(view: View, key: ServiceKey) -> VirtualService | None:
    """The VirtualService that wins for a host: one that names it before one with a wildcard, then the oldest."""
    found = []
    for rule in view.configuration.virtual_services:
        hosts = [full_host(host, rule.metadata.namespace) for host in rule.spec.hosts]
        matching = [host for host in hosts if covers(host, key.host)]
        if matching and applies(rule, MESH):
            found.append((max((not host.startswith("*"), len(host)) for host in matching), rule))
    return max(found, key=lambda entry: entry[0])[1] if found else None


def _allow_any(key: ServiceKey, port: ServicePort) -> VirtualHost:
    """Takes what carries an authority that is no name of the Service: past all rules and in plain text, as in Istio."""
    action = route_components_pb2.RouteAction(
        cluster=passthrough_name(key, port.port),
        timeout=duration(timedelta()),
        max_grpc_timeout=duration(timedelta()),
    )
    return VirtualHost(
        name="allow_any",
        domains=["*"],
        routes=[route_components_pb2.Route(name="allow_any", match=everything(), route=action)],
        include_request_attempt_count=True,
    )
