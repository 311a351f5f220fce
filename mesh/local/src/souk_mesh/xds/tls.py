"""Mutual TLS between pods: the contexts of both ends, and the secrets that fill them."""

from __future__ import annotations

from collections.abc import Iterable

from envoy.config.core.v3 import base_pb2
from envoy.extensions.transport_sockets.raw_buffer.v3 import raw_buffer_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, secret_pb2, tls_pb2
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import SubjectAltNameMatcher
from envoy.type.matcher.v3 import string_pb2

from souk_mesh.identity import Certificate
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.protos import exactly, flag, from_ads, packed
from souk_mesh.xds.view import Protocol

LEAF, ROOTS = "default", "ROOTCA"
"""What Istio's proxies call their own certificate and the roots that they trust."""

ISTIO_ALPN = ("istio-peer-exchange", "istio")
_HTTP_ALPN = ("h2", "http/1.1")


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


def upstream(
    key: ServiceKey, port: int, subset: str, spoken: Protocol, identities: Iterable[str]
) -> base_pb2.TransportSocket:
    """How a caller encrypts to a Service: it shows its own certificate and expects one of `identities`."""
    context = tls_pb2.UpstreamTlsContext(
        common_tls_context=_common(
            [
                SubjectAltNameMatcher(san_type=SubjectAltNameMatcher.URI, matcher=exactly(identity))
                for identity in sorted(set(identities))
            ],
            (*ISTIO_ALPN, "h2") if spoken is Protocol.HTTP2 else ISTIO_ALPN,
        ),
        sni=f"outbound_.{port}_.{subset}_.{key.host}",
    )
    return base_pb2.TransportSocket(name="envoy.transport_sockets.tls", typed_config=packed(context))


def downstream(spoken: Protocol) -> base_pb2.TransportSocket:
    """How a pod is encrypted to: only by somebody of this trust domain."""
    trust_domain = string_pb2.StringMatcher(prefix="spiffe://cluster.local/")
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context=_common(
            [SubjectAltNameMatcher(san_type=SubjectAltNameMatcher.URI, matcher=trust_domain)],
            # Where requests are told apart, what is agreed on must say which HTTP it is.
            _HTTP_ALPN if spoken.http else ("istio-peer-exchange", *_HTTP_ALPN),
        ),
        require_client_certificate=flag(True),
    )
    return base_pb2.TransportSocket(name="envoy.transport_sockets.tls", typed_config=packed(context))


def plain() -> base_pb2.TransportSocket:
    """No encryption."""
    return base_pb2.TransportSocket(
        name="envoy.transport_sockets.raw_buffer", typed_config=packed(raw_buffer_pb2.RawBuffer())
    )


def _common(names: Iterable[SubjectAltNameMatcher], protocols: Iterable[str]) -> tls_pb2.CommonTlsContext:
    return tls_pb2.CommonTlsContext(
        tls_params=common_pb2.TlsParameters(
            tls_minimum_protocol_version=common_pb2.TlsParameters.TLSv1_2,
            # Envoy's own clients stop at 1.2 unless told otherwise.
            tls_maximum_protocol_version=common_pb2.TlsParameters.TLSv1_3,
        ),
        tls_certificate_sds_secret_configs=[secret_pb2.SdsSecretConfig(name=LEAF, sds_config=from_ads())],
        combined_validation_context=tls_pb2.CommonTlsContext.CombinedCertificateValidationContext(
            default_validation_context=common_pb2.CertificateValidationContext(match_typed_subject_alt_names=names),
            validation_context_sds_secret_config=secret_pb2.SdsSecretConfig(name=ROOTS, sds_config=from_ads()),
        ),
        alpn_protocols=protocols,
    )
