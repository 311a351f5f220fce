"""Certificates in Secrets, as Gateways name them: generic ones and those of the type kubernetes.io/tls."""

from __future__ import annotations

from dataclasses import dataclass, field

from souk_mesh.objects.core import Secret

CA_SUFFIX = "-cacert"
"""What the Secret with a client authority is called after that of the server's certificate."""

KEY_PAIRS = (("cert", "key"), ("tls.crt", "tls.key"))
AUTHORITIES = (("cacert", "crl"), ("ca.crt", "ca.crl"))


@dataclass(frozen=True)
class KeyPair:
    """What a server shows, as PEM."""

    certificate: bytes
    key: bytes = field(repr=False)


@dataclass(frozen=True)
class ClientAuthority:
    """What clients' certificates must be signed by, as PEM."""

    certificate: bytes
    revoked: bytes
    """Empty if none are."""


def key_pair(secret: Secret | None) -> KeyPair | None:
    """The certificate and key of a Secret, if it has both."""
    content = secret.content if secret is not None else {}
    for certificate, key in KEY_PAIRS:
        if content.get(certificate) and content.get(key):
            return KeyPair(content[certificate], content[key])
    return None


def client_authority(secret: Secret | None) -> ClientAuthority | None:
    """The authority of a Secret, if it has one."""
    content = secret.content if secret is not None else {}
    for certificate, revoked in AUTHORITIES:
        if content.get(certificate):
            return ClientAuthority(content[certificate], content.get(revoked, b""))
    return None
