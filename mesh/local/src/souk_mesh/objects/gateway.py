"""Gateway: the edges of the mesh, and what they listen on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from souk_mesh.objects.meta import Model, Object, Port
from souk_mesh.objects.networking import ApiVersion


class GatewayPort(Model):
    """A port that a gateway listens on."""

    number: Port
    name: str
    protocol: Literal["HTTP", "HTTP2", "GRPC"]


class GatewayServer(Model):
    """One listener of a gateway."""

    name: str = ""
    port: GatewayPort
    hosts: tuple[str, ...] = Field(min_length=1)


class GatewaySpec(Model):
    """Which pods are gateways, and what they listen on."""

    selector: Mapping[str, str] = {}
    servers: tuple[GatewayServer, ...] = Field(min_length=1)


class Gateway(Object):
    """An edge of the mesh."""

    api_version: ApiVersion = "networking.istio.io/v1"
    kind: Literal["Gateway"] = "Gateway"
    spec: GatewaySpec
