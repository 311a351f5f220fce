"""Istio's security rules: who must encrypt, who may call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from souk_mesh.objects.meta import LabelSelector, Model, Object, Port

ApiVersion = Literal["security.istio.io/v1", "security.istio.io/v1beta1"]


class MutualTLS(Model):
    """Whether a pod takes plain text."""

    mode: Literal["UNSET", "DISABLE", "PERMISSIVE", "STRICT"] = "UNSET"


class PeerAuthenticationSpec(Model):
    """Whom it holds for; without a selector, the whole namespace."""

    selector: LabelSelector | None = None
    mtls: MutualTLS = MutualTLS()
    port_level_mtls: Mapping[int, MutualTLS] = {}
    """By the port of the workload, not of the Service."""


class PeerAuthentication(Object):
    """Tells pods whether callers must prove who they are."""

    api_version: ApiVersion = "security.istio.io/v1"
    kind: Literal["PeerAuthentication"] = "PeerAuthentication"
    spec: PeerAuthenticationSpec = PeerAuthenticationSpec()


Texts = tuple[Annotated[str, Field(min_length=1)], ...]


class Source(Model):
    """Who calls. Texts are exact, `prefix*`, `*suffix` or `*` (anyone with an identity)."""

    principals: Texts = ()
    not_principals: Texts = ()
    namespaces: Texts = ()
    not_namespaces: Texts = ()


class From(Model):
    """Wraps a source, as the YAML does."""

    source: Source


class Operation(Model):
    """What is called. A gRPC call is a POST of `/package.Service/Method`."""

    paths: Texts = ()
    not_paths: Texts = ()
    methods: Texts = ()
    not_methods: Texts = ()
    ports: Texts = ()
    """Ports of the workload, as text."""
    not_ports: Texts = ()


class To(Model):
    """Wraps an operation, as the YAML does."""

    operation: Operation


class Rule(Model):
    """Matches when one of the sources and one of the operations do; an empty rule matches everything."""

    from_: tuple[From, ...] = Field(default=(), alias="from")
    to: tuple[To, ...] = ()

    @model_validator(mode="after")
    def _written_out(self) -> Rule:
        for name, members in (("from_", self.from_), ("to", self.to)):
            if name in self.model_fields_set and not members:
                raise ValueError(f"{name.rstrip('_')} must not be empty: leave it out to mean everything")
        return self


class AuthorizationPolicySpec(Model):
    """Whom it protects, and its rules. ALLOW without a rule allows nothing."""

    selector: LabelSelector | None = None
    action: Literal["ALLOW", "DENY"] = "ALLOW"
    rules: tuple[Rule, ...] = ()

    @model_validator(mode="after")
    def _meaningful(self) -> AuthorizationPolicySpec:
        if self.action == "DENY" and not self.rules:
            raise ValueError("DENY without rules denies nothing; `rules: [{}]` denies everything")
        return self


class AuthorizationPolicy(Object):
    """Allows or denies calls by the caller's identity and what is called."""

    api_version: ApiVersion = "security.istio.io/v1"
    kind: Literal["AuthorizationPolicy"] = "AuthorizationPolicy"
    spec: AuthorizationPolicySpec = AuthorizationPolicySpec()


def valid_port(text: str) -> Port | None:
    """Reads a port of an operation; None when it is none."""
    return int(text) if text.isdecimal() and 1 <= int(text) <= 65535 else None
