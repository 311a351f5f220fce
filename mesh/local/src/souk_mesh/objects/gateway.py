"""Gateway: the edges of the mesh, and what they listen on."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal

from pydantic import Field

from souk_mesh.objects.meta import Model, Object, Port
from souk_mesh.objects.networking import ApiVersion

CREDENTIAL = r"^([a-z0-9]([-a-z0-9]*[a-z0-9])?/)?[a-z0-9]([-a-z0-9.]*[a-z0-9])?$"
"""The name of a Secret, perhaps with its namespace."""

CIPHER_SUITES = frozenset(
    {
        "ECDHE-ECDSA-AES128-GCM-SHA256",
        "ECDHE-RSA-AES128-GCM-SHA256",
        "ECDHE-ECDSA-AES256-GCM-SHA384",
        "ECDHE-RSA-AES256-GCM-SHA384",
        "ECDHE-ECDSA-CHACHA20-POLY1305",
        "ECDHE-RSA-CHACHA20-POLY1305",
        "ECDHE-ECDSA-AES128-SHA",
        "ECDHE-RSA-AES128-SHA",
        "ECDHE-ECDSA-AES256-SHA",
        "ECDHE-RSA-AES256-SHA",
        "AES128-GCM-SHA256",
        "AES256-GCM-SHA384",
        "AES128-SHA",
        "AES256-SHA",
        "DES-CBC3-SHA",
    }
)
"""What Istio hands on to Envoy; others it leaves out."""


TlsVersion = Literal["TLS_AUTO", "TLSV1_0", "TLSV1_1", "TLSV1_2", "TLSV1_3"]


class GatewayPort(Model):
    """A port that a gateway listens on."""

    number: Port
    name: str
    protocol: Literal["HTTP", "HTTP2", "GRPC", "HTTPS", "TLS", "TCP"]

    @property
    def http(self) -> bool:
        """Whether it takes requests in plain text."""
        return self.protocol in ("HTTP", "HTTP2", "GRPC")

    @property
    def encrypted(self) -> bool:
        """Whether clients must begin with TLS."""
        return self.protocol in ("HTTPS", "TLS")


class ServerTLS(Model):
    """How a server encrypts, and what it asks of its clients."""

    mode: Literal["PASSTHROUGH", "SIMPLE", "MUTUAL", "OPTIONAL_MUTUAL", "ISTIO_MUTUAL"] = "PASSTHROUGH"
    https_redirect: bool = False
    """Sends who comes in plain text to the same address with `https`."""
    credential_name: str = Field(default="", pattern=rf"{CREDENTIAL}|^$")
    """The Secret with certificate and key, in the namespace of the gateway's pods."""
    credential_names: tuple[str, ...] = ()
    """Several of them, for an RSA and an ECDSA key."""
    subject_alt_names: tuple[str, ...] = ()
    """The names of which a client's certificate must carry one."""
    verify_certificate_spki: tuple[str, ...] = ()
    verify_certificate_hash: tuple[str, ...] = ()
    insecure_skip_verify: bool = False
    min_protocol_version: TlsVersion = "TLS_AUTO"
    max_protocol_version: TlsVersion = "TLS_AUTO"
    cipher_suites: tuple[str, ...] = ()

    @property
    def credentials(self) -> tuple[str, ...]:
        """The Secrets with the server's certificates."""
        return self.credential_names or ((self.credential_name,) if self.credential_name else ())

    @property
    def usable_suites(self) -> tuple[str, ...]:
        """The cipher suites that are handed on, each once."""
        return tuple(name for name in dict.fromkeys(self.cipher_suites) if name == "ALL" or name in CIPHER_SUITES)

    @property
    def terminates(self) -> bool:
        """Whether TLS ends at the gateway."""
        return self.mode != "PASSTHROUGH"

    @property
    def asks_clients(self) -> bool:
        """Whether a client is asked for a certificate that this server's own authority has signed."""
        return self.mode in ("MUTUAL", "OPTIONAL_MUTUAL")


class GatewayServer(Model):
    """One listener of a gateway."""

    name: str = ""
    port: GatewayPort
    bind: Literal["", "0.0.0.0"] = ""
    hosts: tuple[str, ...] = Field(min_length=1)
    tls: ServerTLS | None = None


class GatewaySpec(Model):
    """Which pods are gateways, and what they listen on."""

    selector: Mapping[str, str] = {}
    servers: tuple[GatewayServer, ...] = Field(min_length=1)


class Gateway(Object):
    """An edge of the mesh."""

    api_version: ApiVersion = "networking.istio.io/v1"
    kind: Literal["Gateway"] = "Gateway"
    spec: GatewaySpec
