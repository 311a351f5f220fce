"""What Gateways and DestinationRules name as credentials, from the Secrets of the pod's namespace (SDS)."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

from envoy.config.core.v3 import base_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, secret_pb2

from souk_mesh.objects import ClientTLS, Gateway, Secret, contains
from souk_mesh.objects.credentials import CA_SUFFIX, client_authority, key_pair
from souk_mesh.topology import Pod

Secrets = Mapping[tuple[str, str], Secret]
"""By namespace and name."""

SYSTEM_ROOTS = "file-root:system"
"""What Istio calls the roots that the machine trusts."""
_ROOTS_FILES = tuple(
    map(Path, ("/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"))
)
_MACHINES_ROOTS = next((each for each in _ROOTS_FILES if each.exists()), _ROOTS_FILES[0])
"""Where they are: on Debian, on Fedora, elsewhere."""


def resource_name(credential: str) -> str:
    """What a credential is called in discovery."""
    return f"kubernetes://{credential}"


def credentials(pod: Pod, gateways: Iterable[Gateway], secrets: Secrets) -> Iterator[secret_pb2.Secret]:
    """What the Gateways of a pod name, as far as it is there: what is missing leaves a listener without certificate."""
    shown: set[str] = set()
    asked: set[str] = set()
    for gateway in gateways:
        if contains(pod.labels, gateway.spec.selector):
            for settings in (server.tls for server in gateway.spec.servers if server.tls is not None):
                shown.update(settings.credentials)
                asked.update(settings.credentials[:1] if settings.asks_clients else ())
    for credential in sorted(shown):
        yield from _certificate(credential, _find(credential, pod, secrets))
    for credential in sorted(asked):
        yield from _authority_of(credential, pod, secrets)


def client_credentials(pod: Pod, used: Iterable[ClientTLS], secrets: Secrets) -> Iterator[secret_pb2.Secret]:
    """What a pod's calls need, as far as it is there: what is missing leaves them without a connection."""
    settings = tuple(used)
    for credential in sorted({each.credential_name for each in settings if each.mode == "MUTUAL"}):
        yield from _certificate(credential, _find(credential, pod, secrets))
    verifying = [each for each in settings if not each.insecure_skip_verify]
    for credential in sorted({each.credential_name for each in verifying if each.credential_name}):
        yield from _authority_of(credential, pod, secrets)
    if any(not each.credential_name for each in verifying):
        trusted = common_pb2.CertificateValidationContext(trusted_ca=base_pb2.DataSource(filename=str(_MACHINES_ROOTS)))
        yield secret_pb2.Secret(name=SYSTEM_ROOTS, validation_context=trusted)


def _authority_of(credential: str, pod: Pod, secrets: Secrets) -> Iterator[secret_pb2.Secret]:
    own = _find(credential + CA_SUFFIX, pod, secrets)
    yield from _authority(credential + CA_SUFFIX, own or _find(credential, pod, secrets))


def _find(credential: str, pod: Pod, secrets: Secrets) -> Secret | None:
    namespace, _, name = credential.rpartition("/")
    # A Secret of another namespace is nobody's business.
    return secrets.get((pod.namespace, name)) if namespace in ("", pod.namespace) else None


def _certificate(credential: str, secret: Secret | None) -> Iterator[secret_pb2.Secret]:
    if (pair := key_pair(secret)) is not None:
        shown = common_pb2.TlsCertificate(
            certificate_chain=base_pb2.DataSource(inline_bytes=pair.certificate),
            private_key=base_pb2.DataSource(inline_bytes=pair.key),
        )
        yield secret_pb2.Secret(name=resource_name(credential), tls_certificate=shown)


def _authority(credential: str, secret: Secret | None) -> Iterator[secret_pb2.Secret]:
    if (authority := client_authority(secret)) is not None:
        trusted = common_pb2.CertificateValidationContext(
            trusted_ca=base_pb2.DataSource(inline_bytes=authority.certificate)
        )
        if authority.revoked:
            trusted.crl.inline_bytes = authority.revoked
        yield secret_pb2.Secret(name=resource_name(credential), validation_context=trusted)
