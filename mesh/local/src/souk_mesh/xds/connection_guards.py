"""What a connection meets whose requests nobody tells apart: is it denied, is it allowed?"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from envoy.config.listener.v3 import listener_components_pb2
from envoy.extensions.filters.network.rbac.v3 import rbac_pb2

from souk_mesh.objects import AuthorizationPolicy
from souk_mesh.xds.authorization import guards
from souk_mesh.xds.http_managers import network_filter
from souk_mesh.xds.view import Protocol


def connection_guards(policies: Sequence[AuthorizationPolicy], prefix: str) -> Iterator[listener_components_pb2.Filter]:
    """The filters before the one that carries connections on; none where no policy speaks."""
    rules = guards(policies, Protocol.TCP)
    for each in (rules.deny, rules.allow):
        if each is not None:
            yield network_filter("envoy.filters.network.rbac", rbac_pb2.RBAC(rules=each, stat_prefix=f"{prefix}."))
