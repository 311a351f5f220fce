"""How much may come in at once: a sidecar bounds what it hands to its application, too.

As in Istio, that is what a DestinationRule says of calls to the Service, unless the pod's Sidecar says it itself.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from souk_mesh.objects import ConnectionPool, ObjectKey, Sidecar
from souk_mesh.topology import Pod
from souk_mesh.xds.destination_lookup import RulesByHost
from souk_mesh.xds.destinations import merged
from souk_mesh.xds.scopes import Scope
from souk_mesh.xds.view import Endpoint, PortKey

Pools = Mapping[int, ConnectionPool]
"""By the port of the pod."""


def inbound_pools(
    pods: Iterable[Pod],
    behind: Mapping[PortKey, tuple[Endpoint, ...]],
    rules: RulesByHost,
    scopes: Mapping[str, Scope],
    sidecars: Mapping[ObjectKey, Sidecar],
) -> Mapping[str, Pools]:
    """The bounds of each pod's ports, by its node; what is not bounded is not listed."""
    found: dict[str, dict[int, ConnectionPool]] = {pod.node: {} for pod in pods}
    for (key, port), endpoints in behind.items():
        for endpoint in endpoints:
            pod = endpoint.pod
            pool = _of_sidecar(scopes[pod.node], sidecars)
            if pool is None:
                # Which pods a rule selects as callers has no say in what comes in to them.
                pool = merged(rules.of(pod.namespace, {}, key)).of(port).connection_pool
            if pool is not None:
                found[pod.node].setdefault(endpoint.port, pool)
    return found


def _of_sidecar(scope: Scope, sidecars: Mapping[ObjectKey, Sidecar]) -> ConnectionPool | None:
    return sidecars[scope.sidecar].spec.inbound_connection_pool if scope.sidecar else None
