"""What a test tells a pod to do, and what it is told in return."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field

RESET, REFUSED, SILENT, DISTRUSTED = "reset", "refused", "silent", "distrusted"
"""How a call ends without an answer: the connection ends, none is taken, nothing comes, the caller trusts nobody."""


@dataclass(frozen=True)
class Encryption:
    """How a call is encrypted by the caller itself."""

    sni: str
    """The name that is asked for, and that the certificate must be for."""
    trusts: str
    """Authorities, as PEM."""
    certificate: str = ""
    """The caller's own, as PEM; none when empty."""
    key: str = ""


@dataclass(frozen=True)
class Order:
    """Calls that are all alike."""

    protocol: str
    """`http1`, `http2`, `grpc` or `tcp`."""
    address: str
    """Where to connect: a host or an IP address."""
    port: int
    authority: str
    path: str = "/"
    method: str = "GET"
    headers: Mapping[str, str] = field(default_factory=dict)
    asked: str = ""
    """For the echo, as JSON."""
    count: int = 1
    at_once: int = 1
    timeout: float = 15.0
    """Seconds; what gRPC also tells the callee."""
    tls: Encryption | None = None


@dataclass(frozen=True)
class Observation:
    """What the caller saw of one call."""

    answer: str
    """The status, the name of a gRPC code, `answered` over TCP, or how there was none."""
    headers: Mapping[str, str] = field(default_factory=dict)
    bodies: tuple[str, ...] = ()
    """One; of a stream, one for each message."""
    seconds: float = 0.0


Caller = AbstractContextManager[Callable[[], Observation]]
"""Holds a connection, and makes one call each time."""


def unanswered(error: OSError) -> Observation:
    """Says how a connection ended. Whether with a FIN, an RST or an alert is a matter of timing: all are `reset`."""
    if isinstance(error, ConnectionRefusedError):
        return Observation(REFUSED)
    if isinstance(error, ssl.SSLCertVerificationError):
        return Observation(DISTRUSTED, bodies=(str(error),))
    return Observation(SILENT if isinstance(error, TimeoutError) else RESET)
