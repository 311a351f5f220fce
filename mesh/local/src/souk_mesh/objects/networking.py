"""Istio's traffic rules: gateways, routes, destinations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from souk_mesh.objects.meta import Model, NotEnforced, Object, Port, Positive, at_most_one, exactly_one, some
from souk_mesh.objects.traffic import TrafficPolicy

ApiVersion = Literal["networking.istio.io/v1", "networking.istio.io/v1beta1", "networking.istio.io/v1alpha3"]
LABEL = r"^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)?$"
Everyone = tuple[Literal["*"], ...]


class StringMatch(Model):
    """How a text is compared; with nothing set, any value will do as long as there is one."""

    exact: str | None = None
    prefix: str | None = Field(default=None, min_length=1)
    regex: str | None = Field(default=None, min_length=1, max_length=1024)

    @model_validator(mode="after")
    def _one(self) -> StringMatch:
        at_most_one(self, "exact", "prefix", "regex")
        return self


class HTTPMatchRequest(Model):
    """Conditions that a request must all meet."""

    name: str = ""
    uri: StringMatch | None = None
    ignore_uri_case: bool = False
    scheme: StringMatch | None = None
    method: StringMatch | None = None
    authority: StringMatch | None = None
    headers: Mapping[str, StringMatch] = {}
    without_headers: Mapping[str, StringMatch] = {}
    query_params: Mapping[str, StringMatch] = {}
    port: Port | None = None
    source_labels: Mapping[str, str] = {}
    source_namespace: str = ""
    gateways: tuple[str, ...] = ()


class PortSelector(Model):
    """A port of a Service."""

    number: Port


class Destination(Model):
    """A Service, or one subset of its pods."""

    host: str = Field(min_length=1)
    subset: str = Field(default="", pattern=LABEL)
    port: PortSelector | None = None


class HTTPRouteDestination(Model):
    """A destination and its share of the requests."""

    destination: Destination
    weight: int = Field(default=0, ge=0)


class HTTPRetry(Model):
    """What is tried again; `attempts: 0` turns retries off."""

    attempts: int = Field(default=0, ge=0)
    per_try_timeout: Positive | None = None
    retry_on: str = ""
    backoff: Positive | None = None
    retry_ignore_previous_hosts: bool | None = None
    retry_remote_localities: Annotated[bool | None, NotEnforced("there is one locality", unless=(None, False))] = None


class Percent(Model):
    """A percentage, from 0 to 100."""

    value: float = Field(default=0.0, ge=0, le=100)


class FaultDelay(Model):
    """Keeps requests waiting."""

    percentage: Percent | None = None
    fixed_delay: Positive


class FaultAbort(Model):
    """Answers in the callee's place. Without a percentage it never happens, as in Istio."""

    percentage: Percent | None = None
    http_status: int | None = Field(default=None, ge=200, le=599)
    grpc_status: str | None = None

    @model_validator(mode="after")
    def _one(self) -> FaultAbort:
        exactly_one(self, "http_status", "grpc_status")
        return self


class HTTPFaultInjection(Model):
    """Faults put in on purpose, by the caller's sidecar."""

    delay: FaultDelay | None = None
    abort: FaultAbort | None = None

    @model_validator(mode="after")
    def _some(self) -> HTTPFaultInjection:
        some(self)
        return self


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


class Subset(Model):
    """Some of a Service's pods, by their labels."""

    name: str = Field(min_length=1, pattern=LABEL)
    labels: Mapping[str, str] = {}
    traffic_policy: TrafficPolicy | None = None


class DestinationRuleSpec(Model):
    """How one host is called."""

    host: str = Field(min_length=1)
    traffic_policy: TrafficPolicy | None = None
    subsets: tuple[Subset, ...] = ()
    export_to: Everyone = ("*",)


class DestinationRule(Object):
    """What holds after routing: balancing, bounds, subsets."""

    api_version: ApiVersion = "networking.istio.io/v1"
    kind: Literal["DestinationRule"] = "DestinationRule"
    spec: DestinationRuleSpec


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
