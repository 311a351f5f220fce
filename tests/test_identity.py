"""Who may call what: every pod tries every RPC, and fares as `mesh/istio/egress` and `mesh/istio/security` say."""

from __future__ import annotations

import socket
import ssl
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest
import yaml

from tests.api import CALLERS, Rpc, allowed, rpcs
from tests.homes import Home, Place
from tests.mesh import ROOT
from tests.waiting import awaited

EGRESS = ROOT / "mesh/istio/egress"
SIDECARS = [
    yaml.safe_load((EGRESS / file).read_text())["metadata"]["name"]
    for file in yaml.safe_load((EGRESS / "kustomization.yaml").read_text())["resources"]
]


def code_of_empty_call(channel: grpc.Channel, path: str) -> grpc.StatusCode:
    """What an empty message is answered. Nothing of ours accepts one that would change something."""
    method = channel.unary_stream(path, request_serializer=bytes, response_deserializer=bytes)
    try:
        list(method(b"", timeout=10))
    except grpc.RpcError as refused:
        return refused.code()
    return grpc.StatusCode.OK


def tried(home: Home, caller: str) -> Mapping[Rpc, grpc.StatusCode]:
    """How a pod fares with every RPC."""
    with home.seen_by(caller) as places, ExitStack() as stack:
        channels = {service: stack.enter_context(place.channel()) for service, place in places.items()}
        return {rpc: code_of_empty_call(channels[rpc.service], rpc.path) for rpc in rpcs()}


def with_code(codes: Mapping[Rpc, grpc.StatusCode], code: grpc.StatusCode) -> set[Rpc]:
    """The RPCs that had this answer."""
    return {rpc for rpc, each in codes.items() if each is code}


@pytest.mark.parametrize("caller", CALLERS)
def test_a_pod_reaches_those_whom_it_may_call_and_nobody_else(home: Home, caller: str) -> None:
    may = {rpc.service for rpc in rpcs() if rpc.path in allowed()[CALLERS[caller]]}

    unreached = with_code(tried(home, caller), grpc.StatusCode.UNAVAILABLE)

    assert unreached == {rpc for rpc in rpcs() if rpc.service not in may}


@pytest.fixture(scope="module")
def where_all_are_known(home: Home) -> Iterator[Home]:
    """Every proxy knows every Service: nothing but the callee's policies is between a caller and it."""
    sidecars = [home.read("sidecar", name) for name in SIDECARS]
    try:
        for each in sidecars:
            home.hold({**each, "spec": {**each["spec"], "egress": [{"hosts": ["./*"]}]}})
        yield home
    finally:
        for each in sidecars:
            home.hold(each)


@pytest.mark.parametrize("caller", CALLERS)
def test_a_pod_may_call_what_the_policies_name_and_nothing_else(where_all_are_known: Home, caller: str) -> None:
    home, may = where_all_are_known, allowed()[CALLERS[caller]]
    awaited(lambda: not with_code(tried(home, caller), grpc.StatusCode.UNAVAILABLE), "all are reached", home.patience)

    denied = with_code(tried(home, caller), grpc.StatusCode.PERMISSION_DENIED)

    assert denied == {rpc for rpc in rpcs() if rpc.path not in may}


def connected(place: Place) -> socket.socket:
    host, port = place.address.split(":")
    return socket.create_connection((host, int(port)), timeout=10)


def test_plain_text_is_reset(home: Home) -> None:
    with home.from_outside("payment-v1") as place, connected(place) as plain:
        plain.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n")
        try:
            answer = plain.recv(1)
        except ConnectionResetError:
            answer = b""

    assert answer == b""


@pytest.fixture(scope="module")
def stranger(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The order service's identity, signed by a CA that nobody here knows: one file with key and certificates."""
    file = tmp_path_factory.mktemp("stranger") / "stranger.pem"
    program = (
        "import sys; from souk_mesh.identity import CertificateAuthority; "
        "leaf = CertificateAuthority.create().issue('spiffe://cluster.local/ns/souk/sa/order'); "
        "open(sys.argv[1], 'wb').write(leaf.key + leaf.chain)"
    )
    subprocess.run([str(ROOT / ".souk/mesh-venv/bin/python"), "-c", program, str(file)], check=True)
    return file


def test_a_certificate_of_another_ca_is_refused(home: Home, stranger: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(stranger)
    context.set_alpn_protocols(["h2"])

    with home.from_outside("payment-v1") as place, connected(place) as plain:
        try:
            with context.wrap_socket(plain) as tls:
                # With TLS 1.3 the client learns only with the first answer that its certificate was not wanted.
                tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
                answer = tls.recv(1)
        except (ssl.SSLError, ConnectionError):
            answer = b""

    assert answer == b""
