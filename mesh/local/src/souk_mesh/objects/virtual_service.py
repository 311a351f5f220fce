"""VirtualService: the routes of one or several hosts."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from souk_mesh.objects.meta import Model, Object, Positive
from souk_mesh.objects.networking import ApiVersion, Everyone
from souk_mesh.objects.request_matching import HTTPMatchRequest
from souk_mesh.objects.route_actions import HTTPFaultInjection, HTTPRetry, HTTPRouteDestination


class HTTPRoute(Model):
    """What is done with the requests that match; the first route that matches wins."""

    name: str = ""
    match: tuple[HTTPMatchRequest, ...] = ()
    route: tuple[HTTPRouteDestination, ...] = Field(min_length=1)
    timeout: Positive | None = None
    retries: HTTPRetry | None = None
    fault: HTTPFaultInjection | None = None


class VirtualServiceSpec(Model):
    """Whose requests go where."""

    hosts: tuple[str, ...] = Field(min_length=1)
    gateways: tuple[str, ...] = ("mesh",)
    http: tuple[HTTPRoute, ...] = Field(min_length=1)
    export_to: Everyone = ("*",)


class VirtualService(Object):
    """Routes of one or several hosts."""

    api_version: ApiVersion = "networking.istio.io/v1"
    kind: Literal["VirtualService"] = "VirtualService"
    spec: VirtualServiceSpec
