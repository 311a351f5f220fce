"""TLS at the edge: what a gateway's server shows and asks for. Certificates are named after their Secrets."""

from __future__ import annotations

from envoy.config.core.v3 import base_pb2
from envoy.extensions.transport_sockets.tls.v3 import common_pb2, secret_pb2, tls_pb2
from envoy.extensions.transport_sockets.tls.v3.common_pb2 import CertificateValidationContext, SubjectAltNameMatcher

from souk_mesh.objects import ServerTLS
from souk_mesh.objects.credentials import CA_SUFFIX
from souk_mesh.xds.credentials import resource_name
from souk_mesh.xds.protos import exactly, flag, from_ads, packed
from souk_mesh.xds.tls import LEAF, ROOTS

_ALPN = ("h2", "http/1.1")

_VERSIONS = {
    "TLS_AUTO": common_pb2.TlsParameters.TLS_AUTO,
    "TLSV1_0": common_pb2.TlsParameters.TLSv1_0,
    "TLSV1_1": common_pb2.TlsParameters.TLSv1_1,
    "TLSV1_2": common_pb2.TlsParameters.TLSv1_2,
    "TLSV1_3": common_pb2.TlsParameters.TLSv1_3,
}


def server_socket(settings: ServerTLS) -> base_pb2.TransportSocket:
    """How a server that ends TLS encrypts."""
    context = tls_pb2.DownstreamTlsContext(
        common_tls_context=tls_pb2.CommonTlsContext(alpn_protocols=_ALPN),
        require_client_certificate=flag(settings.mode in ("MUTUAL", "ISTIO_MUTUAL")),
    )
    common = context.common_tls_context
    if settings.mode == "ISTIO_MUTUAL":
        common.tls_certificate_sds_secret_configs.append(_secret(LEAF))
        _ask(common, settings, ROOTS)
    else:
        common.tls_certificate_sds_secret_configs.extend(_secret(resource_name(each)) for each in settings.credentials)
        if settings.asks_clients:
            _ask(common, settings, resource_name(settings.credentials[0]) + CA_SUFFIX)
        elif settings.subject_alt_names:
            common.validation_context.CopyFrom(_expected(settings))
        _limit(common, settings)
    return base_pb2.TransportSocket(name="envoy.transport_sockets.tls", typed_config=packed(context))


def _ask(common: tls_pb2.CommonTlsContext, settings: ServerTLS, authority: str) -> None:
    asked = common.combined_validation_context
    asked.default_validation_context.CopyFrom(_expected(settings))
    asked.validation_context_sds_secret_config.CopyFrom(_secret(authority))


def _expected(settings: ServerTLS) -> CertificateValidationContext:
    expected = CertificateValidationContext(
        # As in Istio, a name counts as whatever the certificate carries it.
        match_typed_subject_alt_names=[
            SubjectAltNameMatcher(san_type=kind, matcher=exactly(name))
            for name in settings.subject_alt_names
            for kind in (SubjectAltNameMatcher.DNS, SubjectAltNameMatcher.URI)
        ],
    )
    if settings.mode != "ISTIO_MUTUAL":
        expected.verify_certificate_spki.extend(settings.verify_certificate_spki)
        expected.verify_certificate_hash.extend(settings.verify_certificate_hash)
    if settings.insecure_skip_verify:
        expected.trust_chain_verification = CertificateValidationContext.ACCEPT_UNTRUSTED
    return expected


def _limit(common: tls_pb2.CommonTlsContext, settings: ServerTLS) -> None:
    if settings.min_protocol_version != "TLS_AUTO":
        common.tls_params.tls_minimum_protocol_version = _VERSIONS[settings.min_protocol_version]
    if settings.max_protocol_version != "TLS_AUTO":
        common.tls_params.tls_maximum_protocol_version = _VERSIONS[settings.max_protocol_version]
    if settings.usable_suites:
        common.tls_params.cipher_suites.extend(settings.usable_suites)


def _secret(name: str) -> secret_pb2.SdsSecretConfig:
    return secret_pb2.SdsSecretConfig(name=name, sds_config=from_ads())
