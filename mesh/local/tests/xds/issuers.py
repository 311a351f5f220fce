"""Issuers of tokens, and how a proxy is told to believe them."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

import jwt
from cryptography.hazmat.primitives.asymmetric import ec
from jwt.algorithms import ECAlgorithm
from jwt.utils import base64url_decode, base64url_encode


@dataclass(frozen=True)
class Issuer:
    """Somebody who signs tokens with a key of their own."""

    name: str
    key: ec.EllipticCurvePrivateKey = field(default_factory=lambda: ec.generate_private_key(ec.SECP256R1()))

    @property
    def jwks(self) -> str:
        """The public key, as issuers publish it."""
        return json.dumps({"keys": [ECAlgorithm.to_jwk(self.key.public_key(), as_dict=True)]})

    def token(self, lasting: timedelta = timedelta(minutes=5), **claims: object) -> str:
        """A token of the user `ana`, unless the claims say otherwise."""
        given = {"iss": self.name, "sub": "ana", "exp": datetime.now(UTC) + lasting, **claims}
        return jwt.encode(given, self.key, algorithm="ES256")


def tampered(token: str) -> str:
    """The same token with another user under the old signature."""
    header, claims, signature = token.split(".")
    said = base64url_decode(claims).replace(b'"ana"', b'"mallory"')
    return f"{header}.{base64url_encode(said).decode()}.{signature}"


def bearing(token: str) -> list[tuple[str, str]]:
    """The metadata of a call that shows a token."""
    return [("authorization", f"Bearer {token}")]


def believing(*rules: str, app: str = "payment") -> str:
    """A RequestAuthentication of these rules, in flow style, for the pods of `app`."""
    return f"""
apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {{name: tokens, namespace: souk}}
spec:
  selector: {{matchLabels: {{app: {app}}}}}
  jwtRules: [{", ".join(rules)}]
"""


def rule(issuer: Issuer, *fields: str) -> str:
    """The rule that believes an issuer, with more fields of it."""
    known = f"issuer: {issuer.name}, jwks: '{issuer.jwks}'"
    return f"{{{', '.join((known, *fields))}}}"
