"""What the gateway is told by its environment."""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from souk_gateway.descriptors import COMMITTED, Service

LEVELS = ("trace", "debug", "info", "warning", "error", "critical")
LOG_LINE = (
    '{"timestamp": "%(asctime)s", "level": "%(levelname)s", "event": "%(message)s", "service": "gateway-reflection"}'
)
_PORTS = 65535
_ORIGIN = re.compile(r"https?://[a-z0-9.-]+(:[0-9]{1,5})?")


class Misconfigured(Exception):
    """The environment lacks something, or holds something that can't be."""


@dataclass(frozen=True)
class Address:
    """A host and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


@dataclass(frozen=True)
class Settings:
    """Where the gateway listens and whom it calls."""

    listen: Address
    admin: Address
    metrics: Address
    reflection: Address
    """Where the reflection server of the same pod listens."""
    backends: Mapping[str, Address]
    """By the full name of the service."""
    descriptor_set: Path
    """What is served; watched for changes."""
    request_seconds: int
    """How long a call by REST may take in all, from its first byte; a stream's answer may take longer."""
    cors_origins: tuple[str, ...]
    """Whose pages may call from a browser, `https://shop.example`; none if empty."""
    version: str
    log_level: str
    threads: int
    """How many of Envoy's threads serve."""


def read(services: Iterable[Service], environment: Mapping[str, str] = os.environ) -> Settings:
    """Reads the proxy's settings: the address of every service that it serves must be there.

    Raises:
        Misconfigured: naming every variable that is wrong or missing.
    """
    variables = _Variables(environment)
    host, pod = variables.hosts()
    settings = Settings(
        listen=Address(host, variables.number("PORT", 8080, _PORTS)),
        admin=Address(pod, variables.number("ADMIN_PORT", 9901, _PORTS)),
        metrics=Address(host, variables.number("METRICS_PORT", 9090, _PORTS)),
        reflection=Address(pod, variables.number("REFLECTION_PORT", 50053, _PORTS)),
        backends={service.name: variables.backend(service) for service in services},
        descriptor_set=read_descriptor_set(environment),
        request_seconds=variables.number("REQUEST_SECONDS", 60, 3600),
        cors_origins=variables.origins("CORS_ALLOWED_ORIGINS"),
        version=environment.get("VERSION", "") or "unknown",
        log_level=variables.one_of("LOG_LEVEL", "info", LEVELS),
        threads=variables.number("PROXY_THREADS", 2, 64),
    )
    variables.refuse_problems()
    return settings


def read_descriptor_set(environment: Mapping[str, str] = os.environ) -> Path:
    """Where the descriptor set is that is to be served: the one of the package, unless another is named."""
    return Path(environment.get("DESCRIPTOR_SET", "") or COMMITTED)


def read_reflection(environment: Mapping[str, str] = os.environ) -> Address:
    """Where the reflection server listens.

    Raises:
        Misconfigured: REFLECTION_PORT is no port.
    """
    variables = _Variables(environment)
    host, _ = variables.hosts()
    address = Address(host, variables.number("REFLECTION_PORT", 50053, _PORTS))
    variables.refuse_problems()
    return address


@dataclass(frozen=True)
class _Variables:
    """Reads values and gathers what is wrong with them, so that everything is told at once."""

    environment: Mapping[str, str]
    problems: list[str] = field(default_factory=list)

    def hosts(self) -> tuple[str, str]:
        """Where to listen for others, and where the pod's own containers find each other."""
        host = self.environment.get("LISTEN_HOST", "") or "0.0.0.0"
        return host, "127.0.0.1" if host == "0.0.0.0" else host

    def number(self, name: str, default: int, most: int) -> int:
        value = self.environment.get(name, "") or str(default)
        if not value.isascii() or not value.isdigit() or not 0 < int(value) <= most:
            self.problems.append(f"{name}={value!r} can't be: give a number from 1 to {most}")
            return default
        return int(value)

    def one_of(self, name: str, default: str, choices: tuple[str, ...]) -> str:
        value = self.environment.get(name, "").lower() or default
        if value not in choices:
            self.problems.append(f"{name}={value!r} can't be: choose one of {', '.join(choices)}")
        return value

    def origins(self, name: str) -> tuple[str, ...]:
        """Separated by commas. `*` is none: to let everybody in must be written out, origin by origin."""
        origins = tuple(filter(None, (one.strip() for one in self.environment.get(name, "").split(","))))
        for one in origins:
            if not _ORIGIN.fullmatch(one):
                self.problems.append(f"{name} has {one!r}: give origins as browsers send them, https://shop.example")
        return origins

    def backend(self, service: Service) -> Address:
        name = f"{service.context.upper()}_ADDRESS"
        value = self.environment.get(name, "")
        host, _, port = value.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) <= _PORTS:
            given = f"is {value!r}" if value else "is not set"
            self.problems.append(f"{name} {given}: give where {service.name} is, such as {service.context}:50051")
            return Address("", 0)
        return Address(host, int(port))

    def refuse_problems(self) -> None:
        if self.problems:
            raise Misconfigured("\n".join(dict.fromkeys(self.problems)))
