"""Istio's AuthorizationPolicy: who may call what."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from souk_mesh.objects.meta import LabelSelector, Model, Object

ApiVersion = Literal["security.istio.io/v1", "security.istio.io/v1beta1"]

Texts = tuple[Annotated[str, Field(min_length=1)], ...]
Accounts = Annotated[tuple[Annotated[str, Field(min_length=1, max_length=320)], ...], Field(max_length=16)]


class Source(Model):
    """Who calls. Texts are exact, `prefix*`, `*suffix` or `*` (anyone who has one); blocks are addresses or ranges."""

    principals: Texts = ()
    not_principals: Texts = ()
    request_principals: Texts = ()
    """`issuer/subject` of a token that a RequestAuthentication found valid."""
    not_request_principals: Texts = ()
    namespaces: Texts = ()
    not_namespaces: Texts = ()
    service_accounts: Accounts = ()
    """`account`, of the policy's own namespace, or `namespace/account`; no wildcards."""
    not_service_accounts: Accounts = ()
    trust_domains: Texts = ()
    not_trust_domains: Texts = ()
    ip_blocks: Texts = ()
    """Of the peer that connects."""
    not_ip_blocks: Texts = ()
    remote_ip_blocks: Texts = ()
    """Of the client at the far end, as X-Forwarded-For has it."""
    not_remote_ip_blocks: Texts = ()


class From(Model):
    """Wraps a source, as the YAML does."""

    source: Source


class Operation(Model):
    """What is called. A gRPC call is a POST of `/package.Service/Method`."""

    hosts: Texts = ()
    not_hosts: Texts = ()
    paths: Texts = ()
    """Also templates: `{*}` is one segment, `{**}` any number of them."""
    not_paths: Texts = ()
    methods: Texts = ()
    not_methods: Texts = ()
    ports: Texts = ()
    """Ports of the workload, as text."""
    not_ports: Texts = ()


class To(Model):
    """Wraps an operation, as the YAML does."""

    operation: Operation


class Condition(Model):
    """One more thing that must hold: an attribute of the call has one of these values, and none of those."""

    key: str = Field(min_length=1)
    values: Texts = ()
    not_values: Texts = ()


class Rule(Model):
    """Matches when a source, an operation and all conditions do; an empty rule matches everything."""

    from_: tuple[From, ...] = Field(default=(), alias="from", max_length=512)
    to: tuple[To, ...] = ()
    when: tuple[Condition, ...] = ()

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
    rules: tuple[Rule, ...] = Field(default=(), max_length=512)

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
