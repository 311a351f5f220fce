"""Which Secrets a gateway's proxy is handed, and as what."""

from __future__ import annotations

from envoy.extensions.transport_sockets.tls.v3.secret_pb2 import Secret as EnvoySecret
from test_gateway_servers import POD, gateway, server

from souk_mesh.objects import Gateway, Secret, parse
from souk_mesh.xds.credentials import credentials

SIMPLE, MUTUAL = "mode: SIMPLE, credentialName: web", "mode: MUTUAL, credentialName: web"


def secrets(**entries: dict[str, str]) -> dict[tuple[str, str], Secret]:
    """Secrets of the gateway's namespace, by name; `_` stands for `-`."""
    found: dict[tuple[str, str], Secret] = {}
    for name, data in entries.items():
        metadata = {"name": name.replace("_", "-"), "namespace": "shop"}
        secret = parse({"apiVersion": "v1", "kind": "Secret", "metadata": metadata, "stringData": data})
        assert isinstance(secret, Secret)
        found["shop", secret.metadata.name] = secret
    return found


def handed(tls: str, known: dict[tuple[str, str], Secret], **more: str) -> dict[str, EnvoySecret]:
    asked: Gateway = gateway("edge", server("HTTPS", tls=tls), **more)
    return {each.name: each for each in credentials(POD, [asked], known)}


def test_a_certificate_is_handed_under_the_name_that_the_gateway_gives_it() -> None:
    pair = {"tls.crt": "c", "tls.key": "k"}
    for credential in ("web", "shop/web"):
        found = handed(SIMPLE.replace("web", credential), secrets(web=pair))
        (secret,) = found.values()
        assert secret.name == f"kubernetes://{credential}"
        assert secret.tls_certificate.certificate_chain.inline_bytes == b"c"
        assert secret.tls_certificate.private_key.inline_bytes == b"k"


def test_entries_of_a_generic_secret_go_before_those_of_the_type_tls() -> None:
    both = {"cert": "generic", "key": "k", "tls.crt": "tls", "tls.key": "k"}
    (secret,) = handed(SIMPLE, secrets(web=both)).values()
    assert secret.tls_certificate.certificate_chain.inline_bytes == b"generic"


def test_what_is_missing_empty_or_of_another_namespace_is_not_handed() -> None:
    assert handed(SIMPLE, {}) == {}
    assert handed(SIMPLE, secrets(web={"tls.crt": "c", "tls.key": ""})) == {}
    assert handed("mode: SIMPLE, credentialName: other/web", secrets(web={"cert": "c", "key": "k"})) == {}
    assert handed(SIMPLE, secrets(web={"cert": "c", "key": "k"}), app="egress") == {}


def test_clients_are_known_by_the_secret_beside_or_else_by_the_same() -> None:
    pair = {"tls.crt": "c", "tls.key": "k", "ca.crt": "same", "ca.crl": "revoked"}
    same = handed(MUTUAL, secrets(web=pair))["kubernetes://web-cacert"].validation_context
    assert (same.trusted_ca.inline_bytes, same.crl.inline_bytes) == (b"same", b"revoked")
    beside = handed(MUTUAL, secrets(web=pair, web_cacert={"cacert": "beside"}))
    assert beside["kubernetes://web-cacert"].validation_context.trusted_ca.inline_bytes == b"beside"
    assert not beside["kubernetes://web-cacert"].validation_context.HasField("crl")


def test_who_asks_no_client_for_a_certificate_needs_no_authority() -> None:
    pair = {"tls.crt": "c", "tls.key": "k", "ca.crt": "a"}
    assert list(handed(SIMPLE, secrets(web=pair))) == ["kubernetes://web"]


def test_of_several_certificates_the_first_names_the_authority() -> None:
    pair = {"tls.crt": "c", "tls.key": "k", "ca.crt": "a"}
    found = handed("mode: MUTUAL, credentialNames: [rsa, ecdsa]", secrets(rsa=pair, ecdsa=pair))
    assert sorted(found) == ["kubernetes://ecdsa", "kubernetes://rsa", "kubernetes://rsa-cacert"]
