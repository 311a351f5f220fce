"""How a VirtualService changes where a request says that it goes, or answers it in the callee's place."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AfterValidator, Base64Bytes, Field, model_validator

from souk_mesh.objects.meta import Model, Port, at_most_one, some

LARGEST_BODY = 1 << 20
"""In bytes: Istio's limit, and so Envoy's is set to it."""


class RegexRewrite(Model):
    r"""Replaces what a regular expression finds in the path; `\1` is what its first group found."""

    match: str = Field(min_length=1, max_length=1024)
    rewrite: str = Field(min_length=1)


class HTTPRewrite(Model):
    """What the callee reads in place of what the caller wrote."""

    uri: str = ""
    """In place of the path, or of the prefix that was matched."""
    authority: str = ""
    uri_regex_rewrite: RegexRewrite | None = None

    @model_validator(mode="after")
    def _some(self) -> HTTPRewrite:
        some(self)
        if self.uri and self.uri_regex_rewrite:
            raise ValueError("set at most one of uri, uriRegexRewrite")
        return self


def _known_code(code: int) -> int:
    # Istio accepts any 3xx, and makes of the others a route that Envoy refuses.
    if code not in (301, 302, 303, 307, 308):
        raise ValueError("Envoy can send 301, 302, 303, 307 or 308")
    return code


class HTTPRedirect(Model):
    """Tells the caller to go elsewhere."""

    uri: str = ""
    prefix_rewrite: str = ""
    authority: str = ""
    port: Port | None = None
    derive_port: Literal["FROM_PROTOCOL_DEFAULT", "FROM_REQUEST_PORT"] | None = None
    scheme: Literal["http", "https"] | None = None
    redirect_code: Annotated[int, AfterValidator(_known_code)] = 301

    @model_validator(mode="after")
    def _some(self) -> HTTPRedirect:
        at_most_one(self, "port", "derive_port")
        if self.uri and self.prefix_rewrite:
            raise ValueError("set at most one of uri, prefixRewrite")
        if not (self.uri or self.prefix_rewrite or self.authority or self.scheme or self.port or self.derive_port):
            raise ValueError("say where to: by uri, prefixRewrite, authority, port, derivePort or scheme")
        return self


class HTTPBody(Model):
    """What an answer carries."""

    string: str | None = Field(default=None, max_length=LARGEST_BODY)
    bytes: Base64Bytes | None = Field(default=None, max_length=LARGEST_BODY)

    @model_validator(mode="after")
    def _one(self) -> HTTPBody:
        at_most_one(self, "string", "bytes")
        return self


class HTTPDirectResponse(Model):
    """An answer that the proxy gives by itself."""

    status: int = Field(ge=200, le=599)
    body: HTTPBody | None = None
