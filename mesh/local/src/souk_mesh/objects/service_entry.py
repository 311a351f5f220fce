"""ServiceEntry: hosts that no Service stands for, as if they were Services."""

from __future__ import annotations

import ipaddress
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from souk_mesh.objects.exporting import AnyoneOrNobody
from souk_mesh.objects.load_balancing import ONE_LOCALITY
from souk_mesh.objects.meta import Model, NotEnforced, Object, Port
from souk_mesh.objects.networking import ApiVersion

_LABEL = r"[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?"
Host = Annotated[str, Field(pattern=rf"^{_LABEL}(\.{_LABEL})+$", max_length=253)]
"""A full name. Wildcards are not among them: who is called by one is settled by DNS, before the sidecar is asked."""


class EntryPort(Model):
    """A port of the hosts."""

    number: Port
    name: str = Field(pattern=rf"^{_LABEL}$")
    protocol: Literal["HTTP", "HTTP2", "GRPC", "TCP", "TLS", "HTTPS"]
    target_port: Port | None = None


class WorkloadEntry(Model):
    """Something that answers for the hosts."""

    address: str = Field(min_length=1)
    ports: Mapping[str, Port] = {}
    """By the names of the entry's ports; a port that is left out is the target port."""
    labels: Mapping[str, str] = {}
    weight: int | None = Field(default=None, ge=0)
    service_account: str = ""
    locality: Annotated[str, NotEnforced(ONE_LOCALITY, unless=("",))] = ""

    @property
    def numeric(self) -> bool:
        """Whether the address is one, and not a name."""
        try:
            ipaddress.ip_address(self.address)
        except ValueError:
            return False
        return True


class WorkloadSelector(Model):
    """Chooses pods whose labels contain all of these."""

    labels: Mapping[str, str] = {}


class ServiceEntrySpec(Model):
    """Which hosts, where they are, and how they are found."""

    hosts: tuple[Host, ...] = Field(min_length=1)
    addresses: Annotated[
        tuple[str, ...], NotEnforced("a pod reaches the hosts at addresses of its own", unless=((),))
    ] = ()
    ports: tuple[EntryPort, ...] = Field(min_length=1)
    location: Literal["MESH_EXTERNAL", "MESH_INTERNAL"] = "MESH_EXTERNAL"
    resolution: Literal["STATIC", "DNS", "DNS_ROUND_ROBIN"]
    """To be said: what Istio takes for it otherwise is NONE."""
    endpoints: tuple[WorkloadEntry, ...] = ()
    workload_selector: WorkloadSelector | None = None
    export_to: AnyoneOrNobody = ()
    subject_alt_names: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _consistent(self) -> ServiceEntrySpec:
        if self.workload_selector is not None and self.endpoints:
            raise ValueError("only one of workloadSelector and endpoints may be set")
        if self.workload_selector is not None and self.resolution != "STATIC":
            raise ValueError("workloadSelector needs the resolution STATIC here")
        if self.workload_selector is not None and not self.workload_selector.labels:
            raise ValueError("workloadSelector names no labels, which would mean every pod of the namespace")
        if self.resolution == "DNS_ROUND_ROBIN" and len(self.endpoints) > 1:
            raise ValueError("DNS_ROUND_ROBIN takes one endpoint at most")
        if len({each.name for each in self.ports}) < len(self.ports):
            raise ValueError("two ports have one name")
        if len({each.number for each in self.ports}) < len(self.ports):
            raise ValueError("two ports have one number")
        if len(self.hosts) > 1 and any(each.protocol == "TCP" for each in self.ports):
            raise ValueError("a TCP port cannot tell several hosts apart: make one ServiceEntry for each host")
        return self


class ServiceEntry(Object):
    """Hosts as if they were Services."""

    api_version: ApiVersion = "networking.istio.io/v1"
    kind: Literal["ServiceEntry"] = "ServiceEntry"
    spec: ServiceEntrySpec
