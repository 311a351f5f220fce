"""Sidecar: what the proxies of pods know of the mesh, and what they do with the rest."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, field_validator, model_validator

from souk_mesh.objects.connection_pool import ConnectionPool
from souk_mesh.objects.meta import Model, Object
from souk_mesh.objects.networking import ApiVersion
from souk_mesh.objects.service_entry import WorkloadSelector

_SEEN = re.compile(r"~?(\*|\.|[a-z0-9]([-a-z0-9]*[a-z0-9])?)?/(\*|(\*\.)?[a-z0-9][-a-z0-9]*(\.[a-z0-9][-a-z0-9]*)+)")


class EgressListener(Model):
    """Which hosts the pods may call. Listeners with a port or an address of their own are not supported here."""

    hosts: tuple[str, ...] = Field(min_length=1)
    """Each `namespace/host`, with `.` for the own namespace and `*` for all; behind a `~` what is not meant."""

    @field_validator("hosts")
    @classmethod
    def _written(cls, hosts: tuple[str, ...]) -> tuple[str, ...]:
        for each in hosts:
            if not _SEEN.fullmatch(each) or each.startswith("/"):
                raise ValueError(
                    f'"{each}" is not namespace/host: write it like "./*", "shop/*" or "*/api.example.com", '
                    "with a full name or a wildcard for a host"
                )
        return hosts


class OutboundTrafficPolicy(Model):
    """What becomes of calls to hosts that nobody knows; without a word they are refused."""

    mode: Literal["REGISTRY_ONLY", "ALLOW_ANY"] = "REGISTRY_ONLY"


class SidecarSpec(Model):
    """Which pods are meant, and what they see."""

    workload_selector: WorkloadSelector | None = None
    egress: tuple[EgressListener, ...] = Field(default=(), max_length=1)
    """Everything, when it is left out."""
    outbound_traffic_policy: OutboundTrafficPolicy | None = None
    inbound_connection_pool: ConnectionPool | None = None

    @model_validator(mode="after")
    def _some(self) -> SidecarSpec:
        if not self.egress and self.outbound_traffic_policy is None and self.inbound_connection_pool is None:
            raise ValueError("says nothing: set egress, outboundTrafficPolicy or inboundConnectionPool")
        return self


class Sidecar(Object):
    """What the proxies of pods see."""

    api_version: ApiVersion = "networking.istio.io/v1"
    kind: Literal["Sidecar"] = "Sidecar"
    spec: SidecarSpec
