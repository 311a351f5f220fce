"""What is wrong with Gateways, and the words that name it."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_check import SHOP, checked

from souk_mesh.problems import Severity

SERVER = 'servers: [{port: {number: 8080, name: http, protocol: HTTP}, hosts: ["*"]}]'
SECRET = """
---
apiVersion: v1
kind: Secret
metadata: {name: shop-tls, namespace: souk}
type: kubernetes.io/tls
stringData: {tls.crt: c, tls.key: k, ca.crt: a}
"""
SIMPLE = "mode: SIMPLE, credentialName: shop-tls"


def servers(*each: str) -> str:
    return f"servers: [{', '.join(f'{{{server}}}' for server in each)}]"


def https(tls: str, port: str = "number: 8443, name: https, protocol: HTTPS") -> str:
    return f'port: {{{port}}}, hosts: ["*"], tls: {{{tls}}}'


PLAIN = 'port: {number: 8080, name: http, protocol: HTTP}, hosts: ["*"]'


def said(text: str, tmp_path: Path) -> list[tuple[Severity, str]]:
    found = checked(SHOP.replace(SERVER, text) + SECRET, tmp_path)
    return [(each.severity, str(each)) for each in found]


@pytest.mark.parametrize(
    "tls",
    [
        SIMPLE,
        "mode: MUTUAL, credentialName: shop-tls, minProtocolVersion: TLSV1_2, cipherSuites: [AES128-SHA]",
        "mode: OPTIONAL_MUTUAL, credentialName: souk/shop-tls",
        "mode: SIMPLE, credentialNames: [shop-tls]",
        "mode: ISTIO_MUTUAL",
    ],
)
def test_servers_with_tls_are_fine(tls: str, tmp_path: Path) -> None:
    assert said(servers(https(tls), PLAIN.replace("http,", "plain,") + ", tls: {httpsRedirect: true}"), tmp_path) == []


@pytest.mark.parametrize(
    ("server", "words"),
    [
        ('port: {number: 8443, name: a, protocol: HTTPS}, hosts: ["*"]', "tls is required for the protocol HTTPS"),
        (https("{mode: PASSTHROUGH}"[1:-1]), "tls.mode is PASSTHROUGH"),
        (https("mode: SIMPLE"), "tls.credentialName is required with SIMPLE"),
        (https(f"{SIMPLE}, credentialNames: [shop-tls]"), "tls has credentialName and credentialNames"),
        (https("mode: ISTIO_MUTUAL, credentialName: shop-tls"), "has no meaning with ISTIO_MUTUAL"),
        (https(SIMPLE, "number: 8080, name: a, protocol: HTTP"), "tls is more than httpsRedirect on a port of plain"),
        (https(SIMPLE, "number: 8080, name: a, protocol: TCP"), "tls is not possible with the protocol TCP"),
        (https(SIMPLE, "number: 443, name: a, protocol: HTTPS"), "port.number 443 is a privileged port"),
        (https(SIMPLE, "number: 8443, name: '', protocol: HTTPS"), "port.name is required"),
        (PLAIN.replace('"*"', '"a.*.example"'), 'hosts[0] "a.*.example" is no host'),
        (PLAIN.replace('"*"', '"Shop_1/*"'), 'hosts[0] "Shop_1/*" is no host'),
        (PLAIN.replace('"*"', '"/a.example"'), 'hosts[0] "/a.example" is no host'),
    ],
)
def test_a_server_that_istio_would_refuse_is_an_error(server: str, words: str, tmp_path: Path) -> None:
    ((severity, text),) = said(servers(server), tmp_path)
    assert severity is Severity.ERROR
    assert words in text


@pytest.mark.parametrize(
    ("first", "second", "words"),
    [
        (PLAIN, PLAIN.replace("8080", "8081"), 'spec.servers[1].port.name "http" is given twice'),
        (https(SIMPLE), PLAIN.replace("8080", "8443"), "spec.servers[1].port.protocol mixes plain text and TLS"),
    ],
)
def test_servers_that_contradict_each_other_are_an_error(first: str, second: str, words: str, tmp_path: Path) -> None:
    ((severity, text),) = said(servers(first, second), tmp_path)
    assert severity is Severity.ERROR
    assert words in text


@pytest.mark.parametrize(
    ("tls", "words"),
    [
        ("mode: SIMPLE, credentialName: none", '"none" is no Secret of souk with tls.crt and tls.key, or cert and key'),
        ("mode: SIMPLE, credentialName: keys", '"keys" is no Secret of souk with tls.crt'),
        ("mode: SIMPLE, credentialName: other/shop-tls", '"other/shop-tls" is no Secret of souk'),
        (f"{SIMPLE}, cipherSuites: [RC4-SHA]", "tls.cipherSuites has unknown ones: RC4-SHA"),
        (f"{SIMPLE}, minProtocolVersion: TLSV1_0", "tls.minProtocolVersion is TLSV1_0"),
        (f"{SIMPLE}, httpsRedirect: true", "tls.httpsRedirect has no effect"),
    ],
)
def test_what_istio_lets_pass_and_fails_later_is_a_warning(tls: str, words: str, tmp_path: Path) -> None:
    ((severity, text),) = said(servers(https(tls)), tmp_path)
    assert severity is Severity.WARNING
    assert words in text


def test_mutual_without_an_authority_is_a_warning(tmp_path: Path) -> None:
    text = SHOP.replace(SERVER, servers(https("mode: MUTUAL, credentialName: shop-tls")))
    (problem,) = checked(text + SECRET.replace(", ca.crt: a", ""), tmp_path)
    assert problem.severity is Severity.WARNING
    assert 'neither "shop-tls-cacert" nor "shop-tls" is a Secret of souk with ca.crt or cacert' in str(problem)


def test_a_secret_whose_name_kustomize_has_changed_is_pointed_at(tmp_path: Path) -> None:
    text = SHOP.replace(SERVER, servers(https(SIMPLE))) + SECRET.replace("shop-tls", "shop-tls-6ct58987ht")
    (problem,) = checked(text, tmp_path)
    assert "there is Secret souk/shop-tls-6ct58987ht: set disableNameSuffixHash" in str(problem)


def test_the_name_of_a_gateway_has_no_dot(tmp_path: Path) -> None:
    found = checked(SHOP.replace("name: edge, namespace", "name: edge.a, namespace"), tmp_path)
    assert any("metadata.name has a dot" in str(each) for each in found)


@pytest.mark.parametrize(
    ("host", "port", "app", "wrong"),
    [
        ("'*'", 8443, "ingress", True),
        ("souk/*", 8443, "ingress", True),
        ("a.example", 8443, "ingress", False),
        ("'*'", 8444, "ingress", False),
        ("'*'", 8443, "payment", False),
    ],
)
def test_plain_text_on_the_port_where_another_gateway_takes_tls_with_any_name_is_refused(
    host: str, port: int, app: str, wrong: bool, tmp_path: Path
) -> None:
    second = f"""
---
apiVersion: networking.istio.io/v1
kind: Gateway
metadata: {{name: side, namespace: souk}}
spec:
  selector: {{app: {app}}}
  servers: [{{port: {{number: {port}, name: tls, protocol: HTTPS}}, hosts: [{host}], tls: {{{SIMPLE}}}}}]
"""
    found = [each for _, each in said(servers(PLAIN.replace("8080", "8443")) + second, tmp_path)]
    assert any("8443 is taken by TLS with any name: Gateway souk/side" in each for each in found) is wrong
