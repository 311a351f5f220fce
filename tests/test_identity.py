"""Who may call what: every pod tries every RPC, and fares as the policies in `mesh/istio/security` say."""

from __future__ import annotations

import socket
import ssl
import subprocess
from contextlib import ExitStack
from pathlib import Path

import grpc
import pytest

from tests.api import CALLERS, allowed, rpcs
from tests.homes import Home, Place
from tests.mesh import ROOT


def code_of_empty_call(channel: grpc.Channel, path: str) -> grpc.StatusCode:
    """What an empty message is answered. Nothing of ours accepts one that would change something."""
    method = channel.unary_stream(path, request_serializer=bytes, response_deserializer=bytes)
    try:
        list(method(b"", timeout=10))
    except grpc.RpcError as refused:
        return refused.code()
    return grpc.StatusCode.OK


@pytest.mark.parametrize("caller", CALLERS)
def test_a_pod_may_call_what_the_policies_name_and_nothing_else(home: Home, caller: str) -> None:
    may = allowed()[CALLERS[caller]]

    with home.seen_by(caller) as places, ExitStack() as stack:
        channels = {service: stack.enter_context(place.channel()) for service, place in places.items()}
        denied = {
            rpc.path
            for rpc in rpcs()
            if code_of_empty_call(channels[rpc.service], rpc.path) is grpc.StatusCode.PERMISSION_DENIED
        }

    assert denied == {rpc.path for rpc in rpcs()} - may


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
