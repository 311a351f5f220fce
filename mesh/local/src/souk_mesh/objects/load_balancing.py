"""How one of several pods is picked."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from souk_mesh.objects.localities import LocalityLbSetting, ZoneAwareLbSetting
from souk_mesh.objects.meta import Duration, Model, NotEnforced, Positive, at_most_one, exactly_one

ONE_LOCALITY = "there is one locality"


class CookieAttribute(Model):
    """An attribute that a made cookie is given, such as SameSite."""

    name: str = Field(min_length=1)
    value: str = ""


class HttpCookie(Model):
    """A cookie to hash; made when it is missing and a lifetime is given."""

    name: str = Field(min_length=1)
    path: str = ""
    ttl: Duration | None = None
    attributes: tuple[CookieAttribute, ...] = ()

    @field_validator("attributes")
    @classmethod
    def _unique(cls, attributes: tuple[CookieAttribute, ...]) -> tuple[CookieAttribute, ...]:
        names = [each.name for each in attributes]
        if len(set(names)) < len(names):
            raise ValueError("an attribute is given twice")
        return attributes


class RingHash(Model):
    """A ring, of at least so many entries; 0 leaves the number to Envoy."""

    minimum_ring_size: int = Field(default=0, ge=0)


class Maglev(Model):
    """Maglev's table."""

    table_size: int = Field(ge=1, lt=5000011)

    @field_validator("table_size")
    @classmethod
    def _prime(cls, size: int) -> int:
        if any(size % factor == 0 for factor in range(2, math.isqrt(size) + 1)):
            raise ValueError(f"{size} is not prime")
        return size


class ConsistentHash(Model):
    """Sends what hashes alike to the same pod."""

    http_header_name: str | None = None
    http_cookie: HttpCookie | None = None
    use_source_ip: bool | None = None
    http_query_parameter_name: str | None = None
    ring_hash: RingHash | None = None
    maglev: Maglev | None = None
    minimum_ring_size: int | None = Field(default=None, ge=0)
    """Deprecated in Istio: `ringHash` says the same."""

    @model_validator(mode="after")
    def _one(self) -> ConsistentHash:
        exactly_one(self, "http_header_name", "http_cookie", "use_source_ip", "http_query_parameter_name")
        at_most_one(self, "ring_hash", "maglev", "minimum_ring_size")
        return self


class Warmup(Model):
    """How slowly a new pod is given its share."""

    duration: Positive
    minimum_percent: float | None = Field(default=None, ge=0, le=100)
    aggression: float | None = Field(default=None, gt=0)


class LoadBalancerSettings(Model):
    """How a pod is picked. PASSTHROUGH is not among the ways: no pod was picked before the call came to the sidecar."""

    simple: Literal["UNSPECIFIED", "LEAST_REQUEST", "LEAST_CONN", "ROUND_ROBIN", "RANDOM"] | None = None
    consistent_hash: ConsistentHash | None = None
    locality_lb_setting: Annotated[LocalityLbSetting | None, NotEnforced(ONE_LOCALITY)] = None
    zone_aware_lb_setting: Annotated[ZoneAwareLbSetting | None, NotEnforced(ONE_LOCALITY)] = None
    warmup: Warmup | None = None
    warmup_duration_secs: Positive | None = None
    """Deprecated in Istio: `warmup` says the same and wins."""

    @model_validator(mode="after")
    def _one(self) -> LoadBalancerSettings:
        at_most_one(self, "simple", "consistent_hash")
        at_most_one(self, "locality_lb_setting", "zone_aware_lb_setting")
        return self
