"""VirtualService: the routes of one or several hosts."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from souk_mesh.objects.exporting import Anyone
from souk_mesh.objects.meta import Model, Object, Positive
from souk_mesh.objects.networking import ApiVersion
from souk_mesh.objects.request_matching import HTTPMatchRequest, L4MatchAttributes
from souk_mesh.objects.route_answers import HTTPDirectResponse, HTTPRedirect, HTTPRewrite
from souk_mesh.objects.route_destinations import (
    Destination,
    HTTPMirrorPolicy,
    HTTPRouteDestination,
    Percent,
    RouteDestination,
)
from souk_mesh.objects.route_headers import Headers
from souk_mesh.objects.route_policies import CorsPolicy, HTTPFaultInjection, HTTPRetry

_OWN_ANSWER = ("route", "fault", "rewrite")
"""What a route can't have beside an answer of its own."""


class HTTPRoute(Model):
    """What is done with the requests that match; the first route that matches wins."""

    name: str = ""
    match: tuple[HTTPMatchRequest, ...] = ()
    route: tuple[HTTPRouteDestination, ...] = ()
    redirect: HTTPRedirect | None = None
    direct_response: HTTPDirectResponse | None = None
    rewrite: HTTPRewrite | None = None
    timeout: Positive | None = None
    retries: HTTPRetry | None = None
    fault: HTTPFaultInjection | None = None
    mirror: Destination | None = None
    mirror_percentage: Percent | None = None
    mirror_percent: int | None = Field(default=None, ge=0, le=100)
    """Istio's older name for the percentage, in whole numbers; `mirrorPercentage` goes before it."""
    mirrors: tuple[HTTPMirrorPolicy, ...] = ()
    cors_policy: CorsPolicy | None = None
    headers: Headers = Headers()

    @model_validator(mode="after")
    def _one_outcome(self) -> HTTPRoute:
        answer = "redirect" if self.redirect else "directResponse" if self.direct_response else None
        if self.redirect and self.direct_response:
            raise ValueError("set exactly one of route, redirect, directResponse; set: redirect, directResponse")
        if answer:
            beside = [name for name in _OWN_ANSWER if getattr(self, name)]
            if beside:
                raise ValueError(f"has {answer}, so that {', '.join(beside)} can have no effect: leave one out")
        elif not self.route:
            raise ValueError("set exactly one of route, redirect, directResponse; set: none")
        if self.mirror and self.mirrors:
            raise ValueError("set at most one of mirror, mirrors")
        return self


class TCPRoute(Model):
    """Where the connections go that match; the first route that matches wins."""

    match: tuple[L4MatchAttributes, ...] = ()
    route: tuple[RouteDestination, ...] = Field(min_length=1)


class VirtualServiceSpec(Model):
    """Whose requests go where."""

    hosts: tuple[str, ...] = Field(min_length=1)
    gateways: Annotated[tuple[str, ...], AfterValidator(lambda given: given or ("mesh",))] = ("mesh",)
    http: tuple[HTTPRoute, ...] = ()
    tcp: tuple[TCPRoute, ...] = ()
    export_to: Anyone = ()

    @model_validator(mode="after")
    def _some(self) -> VirtualServiceSpec:
        if not self.http and not self.tcp:
            raise ValueError("has neither http nor tcp routes")
        return self


class VirtualService(Object):
    """Routes of one or several hosts."""

    api_version: ApiVersion = "networking.istio.io/v1"
    kind: Literal["VirtualService"] = "VirtualService"
    spec: VirtualServiceSpec
