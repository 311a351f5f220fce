"""How much one caller may ask of one destination at once."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from souk_mesh.objects.meta import Duration, Model, Positive, some


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


class ConnectionKeepalive(Model):
    """How often an HTTP/2 connection is asked whether it is alive, and how long for an answer is waited."""

    interval: Positive
    timeout: Positive


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
    http2_keep_alive: ConnectionKeepalive | None = Field(default=None, alias="http2KeepAlive")

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
