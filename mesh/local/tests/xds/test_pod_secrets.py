"""What a pod's proxy is handed: the pod's certificate, and what its calls to hosts outside need."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

import pytest
from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret as EnvoySecret
from test_credentials import secrets
from test_gateway_servers import POD

from souk_mesh.identity import Certificate
from souk_mesh.objects import ClientTLS
from souk_mesh.xds import tls
from souk_mesh.xds.credentials import client_credentials

KNOWN = secrets(
    web={"tls.crt": "c", "tls.key": "k", "ca.crt": "same"},
    beside={"cert": "c", "key": "k"},
    beside_cacert={"cacert": "beside", "crl": "revoked"},
)
SIMPLE = ClientTLS(mode="SIMPLE")


def handed(*used: ClientTLS) -> list[EnvoySecret]:
    return list(client_credentials(POD, used, KNOWN))


def test_a_pod_is_handed_its_certificate_with_the_key_and_the_roots_that_it_trusts() -> None:
    now = datetime.now(UTC)
    leaf, trusted = tls.secrets(Certificate("spiffe://a", b"chain", b"key", now, now), b"roots")
    assert (leaf.name, trusted.name) == ("default", "ROOTCA")
    assert leaf.tls_certificate.certificate_chain.inline_bytes == b"chain"
    assert leaf.tls_certificate.private_key.inline_bytes == b"key"
    assert trusted.validation_context.trusted_ca.inline_bytes == b"roots"


def test_for_mutual_tls_it_is_handed_the_certificate_to_show_and_the_authority_to_trust() -> None:
    shown, trusted = handed(ClientTLS(mode="MUTUAL", credential_name="web"))
    assert (shown.name, trusted.name) == ("kubernetes://web", "kubernetes://web-cacert")
    assert shown.tls_certificate.certificate_chain.inline_bytes == b"c"
    assert shown.tls_certificate.private_key.inline_bytes == b"k"
    assert trusted.validation_context.trusted_ca.inline_bytes == b"same"


def test_for_simple_tls_it_is_handed_the_authority_alone() -> None:
    (trusted,) = handed(ClientTLS(mode="SIMPLE", credential_name="beside"))
    assert trusted.name == "kubernetes://beside-cacert"
    assert trusted.validation_context.trusted_ca.inline_bytes == b"beside"
    assert trusted.validation_context.crl.inline_bytes == b"revoked"


def test_who_names_no_credential_trusts_what_the_machine_trusts() -> None:
    for used in ((SIMPLE,), (SIMPLE, ClientTLS(mode="SIMPLE", insecure_skip_verify=True))):
        (trusted,) = handed(*used)
        assert trusted.name == "file-root:system"
        assert Path(trusted.validation_context.trusted_ca.filename).suffix in (".crt", ".pem")


@pytest.mark.parametrize(
    "used",
    [
        (),
        (ClientTLS(mode="SIMPLE", insecure_skip_verify=True),),
        (ClientTLS(mode="MUTUAL", credential_name="nobody"),),
        (ClientTLS(mode="SIMPLE", credential_name="nobody"),),
    ],
)
def test_what_is_not_asked_for_or_not_there_is_not_handed(used: tuple[ClientTLS, ...]) -> None:
    assert handed(*used) == []


def test_who_verifies_nobody_still_shows_the_certificate() -> None:
    (shown,) = handed(ClientTLS(mode="MUTUAL", credential_name="web", insecure_skip_verify=True))
    assert shown.name == "kubernetes://web"


def test_what_several_calls_need_is_handed_once() -> None:
    mutual = ClientTLS(mode="MUTUAL", credential_name="web")
    names = [each.name for each in handed(mutual, SIMPLE, ClientTLS(mode="SIMPLE", credential_name="web"), SIMPLE)]
    assert names == ["kubernetes://web", "kubernetes://web-cacert", "file-root:system"]
