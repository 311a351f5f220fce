"""Settings of a service, from its environment. A missing or malformed value stops the start with a message."""

import re
from typing import Annotated, Any, Literal

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

Port = Annotated[int, Field(ge=0, le=65535)]
"""A TCP port; 0 takes any free one, which tests do."""

DATABASE_SCHEMES = ("sqlite:///", "postgresql+psycopg://")


class ProgramSettings(BaseSettings):
    """What a service's program reads whatever it does, `migrate` too.

    Variables are the fields' names in upper case, without a prefix: `GRPC_PORT`, `DATABASE_URL`.
    """

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True)

    service_name: str = "service"
    """Under which name it logs and traces; `program.run` takes the package's."""
    version: str = "dev"
    """Shown in logs and traces."""
    database_url: str
    database_wait_seconds: Annotated[float, Field(ge=0, le=600)] = 30
    """How long `migrate` waits for a database that can't be opened: one that was applied with it may be starting."""
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    otel_exporter_otlp_endpoint: str = ""
    """Where spans go; empty: they are made and propagated only. OpenTelemetry reads its other variables."""

    def __init__(self, **values: Any) -> None:  # noqa: ANN401 - what pydantic takes
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise SystemExit(explain(error)) from None

    @field_validator("database_url")
    @classmethod
    def _known_scheme(cls, url: str) -> str:
        if not url.startswith(DATABASE_SCHEMES):
            raise ValueError(f"must start with {' or '.join(DATABASE_SCHEMES)}")
        if not re.match(r"[^/]*//([^/]*@)?(\[[^]/]*\]|[^/?@:]*)(:\d+)?([/?]|$)", url):
            raise ValueError("has a port that is no number: in a password, / is %2F, : is %3A and @ is %40")
        return url


class ServiceSettings(ProgramSettings):
    """What every service reads to serve. A service adds fields of its own in a subclass."""

    listen_host: str = "0.0.0.0"  # a pod's own address
    """Where all three ports listen; the local mesh gives each application a private loopback address."""
    grpc_port: Port = 50051
    health_port: Port = 50052
    metrics_port: Port = 9090
    workers: Annotated[int, Field(ge=1, le=1000)] = 32
    """How many calls run at once; one more is refused with RESOURCE_EXHAUSTED."""
    streams: Annotated[int, Field(ge=1, le=1000)] = 64
    """How many server streams are open at once; each holds a thread, so they don't share the bound of the calls."""
    drain_seconds: Annotated[float, Field(ge=0, le=600)] = 20
    """How long calls may go on after SIGTERM."""


def explain(error: ValidationError) -> str:
    """Says which variables are wrong, and how. Values are left out, since they may be secret."""
    lines = [
        f"  {'.'.join(str(part) for part in problem['loc']).upper()}: "
        + ("is not set" if problem["type"] == "missing" else problem["msg"].removeprefix("Value error, "))
        for problem in error.errors(include_url=False, include_input=False)
    ]
    return "\n".join(["error: the service can't start, its environment is not right:", *lines])
