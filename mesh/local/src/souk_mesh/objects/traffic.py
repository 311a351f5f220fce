"""How a destination is called: balancing, bounds, circuit breaking, encryption."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from souk_mesh.objects.connection_pool import ConnectionPool
from souk_mesh.objects.load_balancing import LoadBalancerSettings
from souk_mesh.objects.meta import Model, Port, Positive


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
    """Whether callers encrypt, and whom they trust. Certificates come from Secrets, never from files."""

    mode: Literal["DISABLE", "SIMPLE", "MUTUAL", "ISTIO_MUTUAL"] = "DISABLE"
    credential_name: str = Field(default="", pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?)?$")
    subject_alt_names: tuple[str, ...] = ()
    sni: str = ""
    insecure_skip_verify: bool = False

    @model_validator(mode="after")
    def _consistent(self) -> ClientTLS:
        if self.mode == "MUTUAL" and not self.credential_name:
            raise ValueError("MUTUAL needs a credentialName here: the Secret with the certificate to show")
        if self.insecure_skip_verify and self.mode in ("SIMPLE", "MUTUAL"):
            named = self.credential_name if self.mode == "SIMPLE" else ""
            if named or self.subject_alt_names:
                raise ValueError("insecureSkipVerify contradicts what says how to verify")
        return self


class RetryBudget(Model):
    """How many retries there may be, as a share of the active requests."""

    percent: float | None = Field(default=None, ge=0, le=100)
    min_retry_concurrency: int = Field(default=0, ge=0)


class PortOf(Model):
    """A port of the host."""

    number: Port


class PortTrafficPolicy(Model):
    """How one port is called. It replaces everything: what it leaves out is as if nothing were said."""

    port: PortOf
    load_balancer: LoadBalancerSettings | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None

    @model_validator(mode="after")
    def _some(self) -> PortTrafficPolicy:
        if self.model_fields_set <= {"port"}:
            raise ValueError("says nothing about the port")
        return self


class TrafficPolicy(Model):
    """How a destination is called. A subset's policy replaces it block by block."""

    load_balancer: LoadBalancerSettings | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None
    port_level_settings: tuple[PortTrafficPolicy, ...] = ()
    retry_budget: RetryBudget | None = None
