"""What a VirtualService tries again, breaks on purpose, and lets browsers do."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, model_validator

from souk_mesh.objects.meta import Model, NotEnforced, Positive, exactly_one, some
from souk_mesh.objects.request_matching import StringMatch
from souk_mesh.objects.route_destinations import Percent


class HTTPRetry(Model):
    """What is tried again; `attempts: 0` turns retries off."""

    attempts: int = Field(default=0, ge=0)
    per_try_timeout: Positive | None = None
    retry_on: str = ""
    backoff: Positive | None = None
    retry_ignore_previous_hosts: bool | None = None
    retry_remote_localities: Annotated[bool | None, NotEnforced("there is one locality", unless=(None, False))] = None


def _seen_by_envoy(percent: Percent) -> Percent:
    if 0 < percent.value < 0.0001:
        raise ValueError("Istio counts in millionths: write 0, or 0.0001 and more")
    return percent


FaultPercent = Annotated[Percent, AfterValidator(_seen_by_envoy)]


class FaultDelay(Model):
    """Keeps requests waiting. Without a percentage it never happens, as in Istio."""

    percentage: FaultPercent | None = None
    percent: int = Field(default=0, ge=0, le=100)
    """Istio's older name for the percentage, in whole numbers; `percentage` goes before it."""
    fixed_delay: Positive


class FaultAbort(Model):
    """Answers in the callee's place. Without a percentage it never happens, as in Istio."""

    percentage: FaultPercent | None = None
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


def _whole_seconds(length: timedelta) -> timedelta:
    if length % timedelta(seconds=1):
        raise ValueError("browsers are told whole seconds")
    return length


class CorsPolicy(Model):
    """Which pages of other origins may call, answered by the proxy in place of the callee."""

    allow_origins: tuple[StringMatch, ...] = ()
    allow_origin: tuple[str, ...] = ()
    """Istio's older name, exact texts only; `allowOrigins` goes before it."""
    allow_methods: tuple[
        Literal["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "CONNECT", "OPTIONS", "TRACE", "*"], ...
    ] = ()
    allow_headers: tuple[str, ...] = ()
    expose_headers: tuple[str, ...] = ()
    max_age: Annotated[Positive, AfterValidator(_whole_seconds)] | None = None
    allow_credentials: bool | None = None
    unmatched_preflights: Literal["UNSPECIFIED", "FORWARD", "IGNORE"] = "UNSPECIFIED"
