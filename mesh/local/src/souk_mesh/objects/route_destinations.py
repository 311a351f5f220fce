"""Where a VirtualService sends requests and connections, and copies of requests."""

from __future__ import annotations

from pydantic import Field

from souk_mesh.objects.meta import Model, Port
from souk_mesh.objects.networking import SUBSET
from souk_mesh.objects.route_headers import Headers


class PortSelector(Model):
    """A port of a Service."""

    number: Port


class Destination(Model):
    """A Service, or one subset of its pods."""

    host: str = Field(min_length=1)
    subset: str = Field(default="", pattern=SUBSET)
    port: PortSelector | None = None


class HTTPRouteDestination(Model):
    """A destination and its share of the requests."""

    destination: Destination
    weight: int = Field(default=0, ge=0)
    headers: Headers = Headers()


class RouteDestination(Model):
    """A destination and its share of the connections."""

    destination: Destination
    weight: int = Field(default=0, ge=0)


class Percent(Model):
    """A percentage, from 0 to 100."""

    value: float = Field(default=0.0, ge=0, le=100)


class HTTPMirrorPolicy(Model):
    """Sends a copy of the requests to a destination too, and drops what it answers."""

    destination: Destination
    percentage: Percent | None = None
