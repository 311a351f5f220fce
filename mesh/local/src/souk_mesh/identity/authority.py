"""The mesh's certificate authority: signs short-lived certificates that carry a SPIFFE id."""

from __future__ import annotations

import os
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

LEAF_LIFETIME = timedelta(hours=1)
ROOT_LIFETIME = timedelta(days=365)

# Clocks of one machine agree, but a certificate must be valid in the very second in which it is made.
BACKDATE = timedelta(seconds=10)


class IdentityError(Exception):
    """A certificate or key of the mesh can't be made or read; the message names the file and what to do."""


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key, as a proxy wants them."""

    identity: str
    chain: bytes
    """PEM, the leaf alone: the root is known to every proxy and there is nothing between them."""
    key: bytes
    """PEM, PKCS#8."""
    issued: datetime
    expires: datetime

    @property
    def renew_at(self) -> datetime:
        """When a fresh certificate should take its place: at half its life, so that one failed renewal harms nobody."""
        return self.issued + (self.expires - self.issued) / 2


@dataclass(frozen=True)
class CertificateAuthority:
    """A self-signed root with its key."""

    root: x509.Certificate
    _key: ec.EllipticCurvePrivateKey

    @classmethod
    def create(cls, name: str = "cluster.local") -> CertificateAuthority:
        """Makes an authority whose key never leaves this process."""
        key = ec.generate_private_key(ec.SECP256R1())
        now = datetime.now(UTC)
        subject = x509.Name(
            [
                x509.NameAttribute(NameOID.ORGANIZATION_NAME, name),
                x509.NameAttribute(NameOID.COMMON_NAME, "souk mesh root"),
            ]
        )
        root = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - BACKDATE)
            .not_valid_after(now + ROOT_LIFETIME)
            .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
            .add_extension(_key_usage(signs_certificates=True), critical=True)
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
            .sign(key, hashes.SHA256())
        )
        return cls(root, key)

    @classmethod
    def open(cls, directory: Path) -> CertificateAuthority:
        """Reads the authority kept in `directory`, or makes one and keeps it there, readable by its owner alone.

        Raises:
            IdentityError: when the files can't be read, written, or do not belong together.
        """
        root_file, key_file = directory / "root.pem", directory / "root.key"
        try:
            if not (key_file.exists() and root_file.exists()):
                directory.mkdir(parents=True, exist_ok=True, mode=0o700)
                authority = cls.create()
                _write_private(key_file, authority._key_pem())
                root_file.write_bytes(authority.roots)
                return authority
            key = serialization.load_pem_private_key(key_file.read_bytes(), password=None)
            root = x509.load_pem_x509_certificate(root_file.read_bytes())
            if not isinstance(key, ec.EllipticCurvePrivateKey) or key.public_key() != root.public_key():
                raise ValueError("the key is not that of the certificate")
        except (OSError, ValueError) as cause:
            raise IdentityError(
                f"{directory}: the mesh's certificate authority is unusable: {cause}; remove that folder for a new one"
            ) from cause
        return cls(root, key)

    @property
    def roots(self) -> bytes:
        """What a peer must trust, as PEM."""
        return self.root.public_bytes(serialization.Encoding.PEM)

    def issue(self, identity: str, lifetime: timedelta = LEAF_LIFETIME) -> Certificate:
        """Signs a new key for `identity`, a SPIFFE id, good for both ends of a connection."""
        key = ec.generate_private_key(ec.SECP256R1())
        issued = datetime.now(UTC)
        leaf = (
            x509.CertificateBuilder()
            .subject_name(x509.Name([]))  # as istiod does: the name is in the URI alone
            .issuer_name(self.root.subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(issued - BACKDATE)
            .not_valid_after(issued + lifetime)
            .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
            .add_extension(_key_usage(signs_certificates=False), critical=True)
            .add_extension(
                x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH, ExtendedKeyUsageOID.CLIENT_AUTH]),
                critical=False,
            )
            .add_extension(x509.SubjectAlternativeName([x509.UniformResourceIdentifier(identity)]), critical=True)
            .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(self._key.public_key()), critical=False)
            .sign(self._key, hashes.SHA256())
        )
        return Certificate(
            identity, leaf.public_bytes(serialization.Encoding.PEM), _pem(key), issued, issued + lifetime
        )

    def signed(self, certificate: Certificate) -> bool:
        """Whether this authority signed `certificate`."""
        try:
            x509.load_pem_x509_certificate(certificate.chain).verify_directly_issued_by(self.root)
        except (InvalidSignature, ValueError):
            return False
        return True

    def _key_pem(self) -> bytes:
        return _pem(self._key)


def _key_usage(*, signs_certificates: bool) -> x509.KeyUsage:
    return x509.KeyUsage(
        digital_signature=not signs_certificates,
        key_encipherment=not signs_certificates,
        key_cert_sign=signs_certificates,
        crl_sign=signs_certificates,
        content_commitment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )


def _pem(key: ec.EllipticCurvePrivateKey) -> bytes:
    return key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )


def _write_private(path: Path, content: bytes) -> None:
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(content)
