"""Mutual TLS between pods: the contexts of both ends, and the secrets that fill them."""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.core.v3 import base_pb2
from envoy.extensions.transport_sockets.raw_buffer.v3 import raw_buffer_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, secret_pb2, tls_pb2
from envoy.type.matcher.v3.string_pb2 import StringMatcher

from souk_mesh.identity import Certificate
from souk_mesh.objects import ClientTLS
from souk_mesh.objects.credentials import CA_SUFFIX
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.credentials import SYSTEM_ROOTS, resource_name
from souk_mesh.xds.protos import exactly, flag, from_ads, packed
from souk_mesh.xds.view import Protocol

LEAF, ROOTS = "default", "ROOTCA"
"""What Istio's proxies call their own certificate and the roots that they trust."""

ISTIO_ALPN = ("istio-peer-exchange", "istio")
MESH_ALPN = ("istio", "istio-peer-exchange", "istio-http/1.0", "istio-http/1.1", "istio-h2")
"""By any of these a callee knows that the other side of TLS is a proxy of the mesh."""
_HTTP_ALPN = ("h2", "http/1.1")

# What a sidecar of Istio takes by TLS 1.2; which ciphers 1.3 has can't be chosen.
_CIPHERS = (
    "ECDHE-ECDSA-AES256-GCM-SHA384",
    "ECDHE-RSA-AES256-GCM-SHA384",
    "ECDHE-ECDSA-AES128-GCM-SHA256",
    "ECDHE-RSA-AES128-GCM-SHA256",
    "AES256-GCM-SHA384",
    "AES128-GCM-SHA256",
)


def secrets(certificate: Certificate, roots: bytes) -> tuple[secret_pb2.Secret, secret_pb2.Secret]:
    """A pod's certificate with its key, and what it trusts."""
    leaf = secret_pb2.Secret(
        name=LEAF,
        tls_certificate=common_pb2.TlsCertificate(
            certificate_chain=base_pb2.DataSource(inline_bytes=certificate.chain),
            private_key=base_pb2.DataSource(inline_bytes=certificate.key),
        ),
    )
    trusted = secret_pb2.Secret(
        name=ROOTS,
        validation_context=common_pb2.CertificateValidationContext(trusted_ca=base_pb2.DataSource(inline_bytes=roots)),
    )
    return leaf, trusted


def server_name(key: ServiceKey, port: int, subset: str) -> str:
    """The name that a caller asks a port of a Service, or of a subset of it, for."""
    return f"outbound_.{port}_.{subset}_.{key.host}"


def upstream(sni: str, identities: Iterable[str], *, http2: bool) -> base_pb2.TransportSocket:
    """How a caller encrypts to a Service: it shows its own certificate and expects one of `identities`."""
    context = tls_pb2.UpstreamTlsContext(
        common_tls_context=_common(
            map(exactly, sorted(set(identities))),
            (*ISTIO_ALPN, "h2") if http2 else ISTIO_ALPN,
        ),
        sni=sni,
    )
    return _socket(context)


def originated(settings: ClientTLS, names: Iterable[str], *, http2: bool) -> base_pb2.TransportSocket:
    """How a caller encrypts to somebody who is not of the mesh.

    Args:
        settings: SIMPLE or MUTUAL; the Secret that it names comes over SDS as in Istio: `kubernetes://name` with the
            certificate to show, `kubernetes://name-cacert` with the roots to trust.
        names: one of these the other's certificate must carry; if there are none, the host that is called.
        http2: whether HTTP/2 is all that will be spoken.
    """
    context = tls_pb2.CommonTlsContext(tls_params=_versions(), alpn_protocols=("h2",) if http2 else ())
    credential = resource_name(settings.credential_name)
    if settings.mode == "MUTUAL":
        context.tls_certificate_sds_secret_configs.add(name=credential, sds_config=from_ads())
    if settings.insecure_skip_verify:
        context.validation_context.SetInParent()
    else:
        combined = context.combined_validation_context
        combined.default_validation_context.match_subject_alt_names.extend(map(exactly, names))
        combined.default_validation_context.SetInParent()
        trusted = resource_name(settings.credential_name + CA_SUFFIX) if settings.credential_name else SYSTEM_ROOTS
        combined.validation_context_sds_secret_config.name = trusted
        combined.validation_context_sds_secret_config.sds_config.CopyFrom(from_ads())
    return _socket(tls_pb2.UpstreamTlsContext(common_tls_context=context, sni=settings.sni))


def downstream(spoken: Protocol) -> base_pb2.TransportSocket:
    """How a pod is encrypted to: only by somebody of this trust domain."""
    trust_domain = StringMatcher(prefix="spiffe://cluster.local/")
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context=_common(
            [trust_domain],
            # Where requests are told apart, what is agreed on must say which HTTP it is.
            _HTTP_ALPN if spoken.http else ("istio-peer-exchange", *_HTTP_ALPN),
        ),
        require_client_certificate=flag(True),
    )
    context.common_tls_context.tls_params.cipher_suites.extend(_CIPHERS)
    return _socket(context)


def plain() -> base_pb2.TransportSocket:
    """No encryption."""
    return base_pb2.TransportSocket(
        name="envoy.transport_sockets.raw_buffer", typed_config=packed(raw_buffer_pb2.RawBuffer())
    )


def _socket(context: tls_pb2.UpstreamTlsContext | tls_pb2.DownstreamTlsContext) -> base_pb2.TransportSocket:
    return base_pb2.TransportSocket(name="envoy.transport_sockets.tls", typed_config=packed(context))


def _versions() -> common_pb2.TlsParameters:
    return common_pb2.TlsParameters(
        tls_minimum_protocol_version=common_pb2.TlsParameters.TLSv1_2,
        # Envoy's own clients stop at 1.2 unless told otherwise.
        tls_maximum_protocol_version=common_pb2.TlsParameters.TLSv1_3,
    )


def _common(names: Iterable[StringMatcher], protocols: Iterable[str]) -> tls_pb2.CommonTlsContext:
    return tls_pb2.CommonTlsContext(
        tls_params=_versions(),
        tls_certificate_sds_secret_configs=[secret_pb2.SdsSecretConfig(name=LEAF, sds_config=from_ads())],
        combined_validation_context=tls_pb2.CommonTlsContext.CombinedCertificateValidationContext(
            # Deprecated, and what Istio sends: a name may stand in the certificate as URI or as DNS name.
            default_validation_context=common_pb2.CertificateValidationContext(match_subject_alt_names=names),
            validation_context_sds_secret_config=secret_pb2.SdsSecretConfig(name=ROOTS, sds_config=from_ads()),
        ),
        alpn_protocols=protocols,
    )
