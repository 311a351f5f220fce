"""A behavioural case: calls that are made in a mesh that holds some objects, and what the caller observes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from souk_mesh.objects import Duration

Protocol = Literal["http1", "http2", "grpc", "tcp"]
HomeName = Literal["local", "cluster"]
PROTOCOLS: tuple[Protocol, ...] = ("http1", "http2", "grpc", "tcp")
DEFAULT_PATHS: Mapping[Protocol, str] = {"http1": "/", "http2": "/", "grpc": "/echo.Echo/Say", "tcp": ""}


class Part(BaseModel):
    """A strict part of a case: an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)


def _shares(value: object) -> object:
    """Reads `v1` as `{v1: 100}`, and numbers as text: 200 is a status, and `1` may be a version."""
    shares = value if isinstance(value, Mapping) else {value: 100}
    return {str(name): share for name, share in shares.items()}


Shares = Annotated[Mapping[str, Annotated[float, Field(gt=0, le=100)]], BeforeValidator(_shares)]
"""What occurs, and in how many percent of the calls."""


class Texts(Part):
    """A header of which only the form is known."""

    matches: str
    """A regular expression for the whole value."""


Headers = Mapping[str, str | Texts | None]
"""Exact values, forms, or null for a header that must not be there."""


class Seen(Part):
    """What the callee saw of a call."""

    protocol: Literal["HTTP/1.1", "HTTP/2"] | None = None
    method: str | None = None
    path: str | None = None
    authority: str | None = None
    headers: Headers = {}


class Took(Part):
    """Bounds on how long each call took."""

    at_least: Duration | None = None
    at_most: Duration | None = None


class Observed(Part):
    """What the caller observes, of all the calls of one entry; what is left out may be anything."""

    answer: Shares
    """A status, a gRPC code, `answered` (TCP); `reset`, `refused`, `silent`, `distrusted` where there is none."""
    versions: Shares | None = None
    """Who answered, of the calls that reached an echo."""
    pods: int | None = None
    """How many different pods answered."""
    messages: int | None = None
    """Of each stream."""
    headers: Headers = {}
    """Of the answer."""
    body: str | None = None
    """A part of the answer's body, or of the message with a gRPC code."""
    callee: Seen | None = None
    took: Took = Took()
    arrivals: int | Mapping[str, int] | None = None
    """How often the calls arrived anywhere: in all, or by Deployment."""


class Asked(Part):
    """What the callee is asked to do."""

    fails: str = ""
    """A status, a gRPC code, or `reset`."""
    first: int = 0
    """How many attempts fail, at each pod; all when left out."""
    only: str = ""
    """The version that does as it is asked; every one when left out."""
    delay: Duration | None = None
    messages: int = 1
    headers: Mapping[str, str] = {}


class Encryption(Part):
    """TLS that the caller itself speaks, as a client of a gateway does. All but the name is PEM."""

    sni: str
    trusts: str
    certificate: str = ""
    key: str = ""


class Call(Part):
    """One call, or several that are all alike. The protocol is the key: `http1: HOST:PORT/PATH`."""

    protocol: Protocol
    host: str
    port: Annotated[int, Field(ge=1, le=65535)]
    path: str
    caller: str | None = Field(default=None, alias="from")
    method: str = "GET"
    authority: str | None = None
    """HOST:PORT when left out."""
    headers: Mapping[str, str] = {}
    callee: Asked = Asked()
    count: Annotated[int, Field(ge=1)] = 1
    at_once: Annotated[int, Field(ge=1)] = 1
    timeout: Duration | None = None
    tls: Encryption | None = None
    observes: Observed

    @model_validator(mode="before")
    @classmethod
    def _protocol_is_the_key(cls, value: object) -> object:
        if not isinstance(value, Mapping):
            return value
        given = [protocol for protocol in PROTOCOLS if protocol in value]
        if len(given) != 1:
            raise ValueError(f"give exactly one of {', '.join(PROTOCOLS)}")
        protocol = given[0]
        place, slash, path = str(value[protocol]).partition("/")
        host, _, port = place.rpartition(":")
        rest = {key: each for key, each in value.items() if key != protocol}
        return {
            "protocol": protocol,
            "host": host,
            "port": port,
            "path": slash + path or DEFAULT_PATHS[protocol],
        } | rest

    @model_validator(mode="after")
    def _evenly(self) -> Call:
        if self.count % self.at_once:
            raise ValueError(f"count {self.count} can't be shared by {self.at_once} callers: make it a multiple")
        return self


class Case(Part):
    """The first document of a case's file; the others are the objects that hold while the calls are made."""

    case: Annotated[str, Field(pattern=r"^[A-Z].*\.$")]
    """What is stated, as a sentence."""
    caller: str = Field(default="client", alias="from")
    """The Deployment whose pod calls: its name, or `namespace/name` outside of `shop`."""
    calls: Annotated[tuple[Call, ...], Field(min_length=1)]
    differs: Mapping[HomeName, str] = {}
    """Where the case does not hold, and why. There it is an error if it does."""
