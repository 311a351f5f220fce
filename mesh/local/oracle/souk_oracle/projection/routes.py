"""Where requests go: virtual hosts with their routes in order."""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.route.v3.route_components_pb2 import VirtualHost

from souk_oracle.projection.clusters import cluster_reference
from souk_oracle.projection.places import Places
from souk_oracle.projection.plain import plain
from souk_oracle.projection.sections import Json


def virtual_host(host: VirtualHost, places: Places) -> dict[str, Json]:
    """The names that a host answers to, and what it does with requests."""
    shown = cluster_reference(plain(host))
    assert isinstance(shown, dict)
    return {**shown, "domains": list(domains(host.domains, places))}


def domains(names: Iterable[str], places: Places) -> list[str]:
    """The names themselves: without ports, which are not looked at, and without the Service's own addresses."""
    without_ports = {name if name.startswith("[") else name.partition(":")[0] for name in names}
    return sorted(name for name in without_ports if not places.known(name))
