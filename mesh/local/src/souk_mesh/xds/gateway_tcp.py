"""Where a gateway sends connections that it does not look into: the `tcp` routes that are bound to it."""

from __future__ import annotations

from collections.abc import Sequence

from souk_mesh.objects import TCPRoute, VirtualService
from souk_mesh.topology import Pod
from souk_mesh.xds.connections import Forwarding, shared_out
from souk_mesh.xds.destinations import Callees
from souk_mesh.xds.gateway_servers import Served, granted_hosts
from souk_mesh.xds.reach import Caller, Reach
from souk_mesh.xds.rules import applies, through


def gateway_forwarding(rules: Sequence[VirtualService], callees: Callees, pod: Pod, each: Served) -> Forwarding | None:
    """What the first TCP route does that is for a server; None if there is none."""
    caller = Caller(pod.namespace, pod.labels, each.server.port.number, each.gateway)
    for rule in rules:
        if applies(rule, each.gateway) and granted_hosts(each, rule):
            for entry in rule.spec.tcp:
                if _meets(entry, rule, caller):
                    return shared_out(entry.route, Reach(callees, rule, caller))
    return None


def _meets(entry: TCPRoute, rule: VirtualService, caller: Caller) -> bool:
    # At a gateway Istio asks neither for labels nor for a namespace: whoever comes in is outside.
    return not entry.match or any(
        each.port in (None, caller.port) and (not each.gateways or through(each, rule, caller)) for each in entry.match
    )
