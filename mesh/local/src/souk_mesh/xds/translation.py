"""The whole translation: from objects and pods to what one pod's proxy is told."""

from __future__ import annotations

from souk_mesh.identity import Certificate
from souk_mesh.topology import Pod, Proxy
from souk_mesh.xds.clusters import clusters
from souk_mesh.xds.endpoints import endpoints
from souk_mesh.xds.gateway import gateway_listeners, gateway_routes
from souk_mesh.xds.inbound import inbound_listeners, inbound_routes
from souk_mesh.xds.outbound import outbound_listeners
from souk_mesh.xds.resources import Resources
from souk_mesh.xds.routes import outbound_routes
from souk_mesh.xds.tls import secrets
from souk_mesh.xds.view import View


def resources(view: View, pod: Pod, certificate: Certificate, roots: bytes) -> Resources:
    """What the proxy of `pod` is told."""
    if pod.proxy is Proxy.ROUTER:
        listeners, routes = [*gateway_listeners(view, pod)], [*gateway_routes(view, pod)]
    else:
        listeners = [*inbound_listeners(view, pod), *outbound_listeners(view, pod)]
        routes = [*inbound_routes(view, pod), *outbound_routes(view, pod)]
    return Resources.of(
        clusters=clusters(view, pod),
        endpoints=endpoints(view, pod),
        secrets=secrets(certificate, roots),
        listeners=listeners,
        routes=routes,
    )
