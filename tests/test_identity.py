"""Who may call what: every pod tries every RPC, and fares as the policies in `mesh/istio/security` say."""

from __future__ import annotations

import socket
import ssl
import subprocess
from pathlib import Path

import grpc
import pytest

from tests.api import CALLERS, allowed, rpcs
from tests.mesh import ROOT, Mesh


def code_of_empty_call(address: str, path: str) -> grpc.StatusCode:
    """What an empty message is answered. Nothing of ours accepts one that would change something."""
    with grpc.insecure_channel(address) as channel:
        method = channel.unary_stream(path, request_serializer=bytes, response_deserializer=bytes)
        try:
            list(method(b"", timeout=10))
        except grpc.RpcError as refused:
            return refused.code()
        return grpc.StatusCode.OK


@pytest.mark.parametrize("caller", CALLERS)
def test_a_pod_may_call_what_the_policies_name_and_nothing_else(mesh: Mesh, caller: str) -> None:
    virtual = mesh.pods(caller)[0]["virtual"]
    may = allowed()[CALLERS[caller]]

    denied = {
        rpc.path
        for rpc in rpcs()
        if code_of_empty_call(f"{virtual[f'{rpc.service}.souk.svc.cluster.local']}:50051", rpc.path)
        is grpc.StatusCode.PERMISSION_DENIED
    }

    assert denied == {rpc.path for rpc in rpcs()} - may


def test_plain_text_is_reset(mesh: Mesh) -> None:
    address = mesh.pods("payment-v1")[0]["address"]

    with socket.create_connection((address, 50051), timeout=10) as plain:
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


def test_a_certificate_of_another_ca_is_refused(mesh: Mesh, stranger: Path) -> None:
    address = mesh.pods("payment-v1")[0]["address"]
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    context.load_cert_chain(stranger)
    context.set_alpn_protocols(["h2"])

    with socket.create_connection((address, 50051), timeout=10) as plain:
        try:
            with context.wrap_socket(plain) as tls:
                # With TLS 1.3 the client learns only with the first answer that its certificate was not wanted.
                tls.sendall(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\x00\x00\x00\x04\x00\x00\x00\x00\x00")
                answer = tls.recv(1)
        except (ssl.SSLError, ConnectionError):
            answer = b""

    assert answer == b""
