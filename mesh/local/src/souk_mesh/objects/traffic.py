"""How a destination is called: balancing, bounds, circuit breaking, encryption."""

from __future__ import annotations

import math
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from souk_mesh.objects.meta import Duration, Model, NotEnforced, Positive, at_most_one, exactly_one, some


class HttpCookie(Model):
    """A cookie to hash; made when it is missing and a lifetime is given."""

    name: str
    path: str = ""
    ttl: Duration | None = None


class RingHash(Model):
    """A ring, of at least so many entries."""

    minimum_ring_size: int = Field(default=1024, ge=1)


class Maglev(Model):
    """Maglev's table."""

    table_size: int = Field(default=65537, ge=2, lt=5000011)

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

    @model_validator(mode="after")
    def _one(self) -> ConsistentHash:
        exactly_one(self, "http_header_name", "http_cookie", "use_source_ip", "http_query_parameter_name")
        at_most_one(self, "ring_hash", "maglev")
        return self


class LoadBalancerSettings(Model):
    """How a pod is picked."""

    simple: Literal["LEAST_REQUEST", "ROUND_ROBIN", "RANDOM"] | None = None
    consistent_hash: ConsistentHash | None = None
    locality_lb_setting: Annotated[object, NotEnforced("there is one locality")] = None

    @model_validator(mode="after")
    def _one(self) -> LoadBalancerSettings:
        at_most_one(self, "simple", "consistent_hash")
        return self


class TcpKeepalive(Model):
    """Keeps idle connections known to be alive."""

    probes: int = Field(default=0, ge=0)
    time: Positive | None = None
    interval: Positive | None = None


class TCPSettings(Model):
    """Bounds on connections."""

    max_connections: int | None = Field(default=None, ge=0)
    connect_timeout: Positive | None = None
    max_connection_duration: Positive | None = None
    idle_timeout: Duration | None = None
    tcp_keepalive: TcpKeepalive | None = None


class HTTPSettings(Model):
    """Bounds on requests."""

    http1_max_pending_requests: int | None = Field(default=None, ge=0, alias="http1MaxPendingRequests")
    http2_max_requests: int | None = Field(default=None, ge=0, alias="http2MaxRequests")
    max_requests_per_connection: int | None = Field(default=None, ge=0)
    max_retries: int | None = Field(default=None, ge=0)
    max_concurrent_streams: int | None = Field(default=None, ge=0)
    idle_timeout: Positive | None = None
    h2_upgrade_policy: Literal["DEFAULT", "DO_NOT_UPGRADE", "UPGRADE"] = Field(
        default="DEFAULT", alias="h2UpgradePolicy"
    )
    use_client_protocol: bool = False

    @model_validator(mode="after")
    def _one_protocol(self) -> HTTPSettings:
        if self.use_client_protocol and self.h2_upgrade_policy == "UPGRADE":
            raise ValueError("useClientProtocol and h2UpgradePolicy UPGRADE contradict each other")
        return self


class ConnectionPool(Model):
    """The bulkhead: how much one caller may ask of one destination."""

    tcp: TCPSettings | None = None
    http: HTTPSettings | None = None

    @model_validator(mode="after")
    def _some(self) -> ConnectionPool:
        some(self)
        return self


class OutlierDetection(Model):
    """The circuit breaker: when a failing pod is left out. What is unset is Envoy's default."""

    consecutive_5xx_errors: int | None = Field(default=None, ge=0, alias="consecutive5xxErrors")
    consecutive_gateway_errors: int | None = Field(default=None, ge=0)
    split_external_local_origin_errors: bool = False
    consecutive_local_origin_failures: int | None = Field(default=None, ge=0)
    interval: Positive | None = None
    base_ejection_time: Positive | None = None
    max_ejection_percent: int = Field(default=0, ge=0, le=100)
    min_health_percent: int = Field(default=0, ge=0, le=100)

    @model_validator(mode="after")
    def _split(self) -> OutlierDetection:
        if self.consecutive_local_origin_failures and not self.split_external_local_origin_errors:
            raise ValueError("consecutiveLocalOriginFailures counts only with splitExternalLocalOriginErrors: true")
        return self


class ClientTLS(Model):
    """Whether callers encrypt."""

    mode: Literal["DISABLE", "ISTIO_MUTUAL"]


class TrafficPolicy(Model):
    """How a destination is called. A subset's policy replaces it block by block."""

    load_balancer: LoadBalancerSettings | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None
