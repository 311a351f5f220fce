"""What a VirtualService does with the requests of a route."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from souk_mesh.objects.meta import Model, NotEnforced, Port, Positive, exactly_one, some
from souk_mesh.objects.networking import SUBSET


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
