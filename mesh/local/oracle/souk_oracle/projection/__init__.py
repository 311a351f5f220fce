"""From Envoy's messages to what decides a proxy's behaviour, as plain data in one shape for istiod and the local mesh.

`plain` turns any message into data; `noise` lists what is left out, and all else is compared. The other modules put
what the two sides build differently (istiod for connections that iptables captures, the local mesh for loopback
addresses) into the same place, one module for each section.
"""

from __future__ import annotations

from souk_mesh.topology import Proxy
from souk_oracle.projection.clusters import clusters
from souk_oracle.projection.endpoints import endpoints
from souk_oracle.projection.gateways import gateways
from souk_oracle.projection.inbound import inbound
from souk_oracle.projection.outbound import outbound
from souk_oracle.projection.places import Places
from souk_oracle.projection.sections import Projection
from souk_oracle.told import Told


def project(told: Told, places: Places, proxy: Proxy) -> Projection:
    """What a proxy does that is told this."""
    router = proxy is Proxy.ROUTER
    return {
        "outbound": {} if router else outbound(told, places),
        "clusters": clusters(told.clusters),
        "endpoints": endpoints(told.endpoints, places),
        "inbound": {} if router else inbound(told, places),
        "gateways": gateways(told, places) if router else {},
    }
