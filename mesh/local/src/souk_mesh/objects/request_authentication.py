"""Istio's RequestAuthentication: whose tokens are believed, and where they are looked for."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from souk_mesh.objects.meta import LabelSelector, Model, Object, Positive, at_most_one

ApiVersion = Literal["security.istio.io/v1", "security.istio.io/v1beta1"]

Names = tuple[Annotated[str, Field(min_length=1)], ...]


class JWTHeader(Model):
    """A header that may carry a token, and what stands before the token in it."""

    name: str = Field(min_length=1)
    prefix: str = ""


class ClaimToHeader(Model):
    """A claim that the application is told in a header; `a.b` is the claim b within a."""

    header: str = Field(pattern=r"^[-_A-Za-z0-9]+$")
    claim: str = Field(min_length=1)


class JWTRule(Model):
    """One issuer. A request without a token passes; one whose token is not valid does not."""

    issuer: str | None = Field(default=None, min_length=1)
    audiences: Names = ()
    """Any of them will do; none means that nobody asks."""
    jwks_uri: str | None = Field(default=None, min_length=1, max_length=2048)
    """Where each proxy fetches the issuer's public keys, through the mesh."""
    jwks: str | None = Field(default=None, min_length=1)
    """The issuer's public keys, as JSON."""
    from_headers: tuple[JWTHeader, ...] = ()
    from_params: Names = ()
    from_cookies: Names = ()
    output_payload_to_header: str = ""
    forward_original_token: bool = False
    output_claim_to_headers: tuple[ClaimToHeader, ...] = ()
    timeout: Positive | None = None
    """Of fetching the keys; 5 seconds if it is not set."""
    space_delimited_claims: Annotated[Names, Field(max_length=64)] = ()
    """Texts that are lists of words; `scope` and `permission` always are."""

    @model_validator(mode="after")
    def _keys(self) -> JWTRule:
        at_most_one(self, "jwks_uri", "jwks")
        if self.issuer is None and self.jwks_uri is None:
            raise ValueError("issuer or jwksUri must be set")
        return self


class RequestAuthenticationSpec(Model):
    """Whom it holds for; without a selector, the whole namespace."""

    selector: LabelSelector | None = None
    jwt_rules: tuple[JWTRule, ...] = Field(default=(), max_length=4096)


class RequestAuthentication(Object):
    """Tells pods which tokens to believe; that there must be one is an AuthorizationPolicy's to say."""

    api_version: ApiVersion = "security.istio.io/v1"
    kind: Literal["RequestAuthentication"] = "RequestAuthentication"
    spec: RequestAuthenticationSpec = RequestAuthenticationSpec()
