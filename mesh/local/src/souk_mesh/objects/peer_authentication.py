"""Istio's PeerAuthentication: who must encrypt."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field

from souk_mesh.objects.meta import LabelSelector, Model, Object, Port

ApiVersion = Literal["security.istio.io/v1", "security.istio.io/v1beta1"]


class MutualTLS(Model):
    """Whether a pod takes plain text."""

    mode: Literal["UNSET", "DISABLE", "PERMISSIVE", "STRICT"] = "UNSET"


class PeerAuthenticationSpec(Model):
    """Whom it holds for; without a selector, the whole namespace."""

    selector: LabelSelector | None = None
    mtls: MutualTLS = MutualTLS()
    port_level_mtls: Annotated[Mapping[Port, MutualTLS], Field(min_length=1)] = {}
    """By the port of the workload, not of the Service."""


class PeerAuthentication(Object):
    """Tells pods whether callers must prove who they are."""

    api_version: ApiVersion = "security.istio.io/v1"
    kind: Literal["PeerAuthentication"] = "PeerAuthentication"
    spec: PeerAuthenticationSpec = PeerAuthenticationSpec()
