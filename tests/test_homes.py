"""How a cluster is looked into: the parts of that which need no cluster."""

from __future__ import annotations

import socket
import ssl
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from threading import Thread

import pytest

from tests.homes.edge import Edge, encrypted
from tests.homes.proxies import meant, shares_in
from tests.homes.relaying import RELAY


def routes(*found: Mapping[str, object]) -> Mapping[str, object]:
    """As Envoy's admin page has them."""
    host = {"name": "payment.souk.svc.cluster.local:50051", "routes": [{"route": each} for each in found]}
    return {"configs": [{"route_config": {"name": "50051", "virtual_hosts": [host]}}]}


def weighted(**weights: int) -> Mapping[str, object]:
    clusters = [
        {"name": f"outbound|50051|{subset}|payment.souk.svc.cluster.local", "weight": weight}
        for subset, weight in weights.items()
    ]
    return {"weighted_clusters": {"clusters": clusters}}


def rule(**weights: int) -> Mapping[str, object]:
    to = [{"destination": {"host": "payment", "subset": subset}, "weight": each} for subset, each in weights.items()]
    return {"spec": {"http": [{"route": to}]}}


@pytest.mark.parametrize(
    ("done", "is_so"),
    [
        (weighted(v1=90, v2=10), True),
        (weighted(v1=80, v2=20), False),
        ({"cluster": "outbound|50051|v1|payment.souk.svc.cluster.local"}, False),
    ],
)
def test_a_proxy_does_what_a_rule_means_when_it_has_the_same_weights(done: Mapping[str, object], is_so: bool) -> None:
    assert (shares_in(routes(done), "payment") == meant(rule(v1=90, v2=10))) is is_so


def test_all_weight_on_one_subset_is_one_cluster_to_a_proxy() -> None:
    alone = {"cluster": "outbound|50051|v2|payment.souk.svc.cluster.local"}

    assert shares_in(routes(alone), "payment") == meant(rule(v1=0, v2=100))


def test_a_proxy_that_still_has_an_old_route_beside_the_new_one_does_not_yet_do_it() -> None:
    assert shares_in(routes(weighted(v1=90, v2=10), weighted(v1=50, v2=50)), "payment") != meant(rule(v1=90, v2=10))


def test_routes_to_another_service_do_not_count() -> None:
    assert shares_in(routes({"cluster": "outbound|50051||order.souk.svc.cluster.local"}), "payment") == set()


@contextmanager
def parrot() -> Iterator[int]:
    """A server that says what it hears, to one caller; its port."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            caller, _ = server.accept()
            with caller:
                while heard := caller.recv(100):
                    caller.sendall(heard)

        Thread(target=answer, daemon=True).start()
        yield server.getsockname()[1]


def test_a_relay_leads_on_in_both_directions_and_ends_with_its_input() -> None:
    with parrot() as port:
        command = [sys.executable, "-c", RELAY, f"127.0.0.1:{port}"]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as relay:
            assert relay.stdin is not None
            assert relay.stdout is not None
            with socket.create_connection(("127.0.0.1", int(relay.stdout.readline())), timeout=10) as caller:
                caller.sendall(b"pretty")
                assert caller.recv(100) == b"pretty"
                caller.shutdown(socket.SHUT_WR)
                assert caller.recv(100) == b"", "the end is led on, too"
            relay.stdin.close()
            assert relay.wait(timeout=10) == 0


def test_a_relay_to_nobody_closes_the_connection() -> None:
    command = [sys.executable, "-c", RELAY, "127.0.0.1:9"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as relay:
        assert relay.stdin is not None
        assert relay.stdout is not None
        with socket.create_connection(("127.0.0.1", int(relay.stdout.readline())), timeout=10) as caller:
            assert caller.recv(1) == b""
        relay.stdin.close()


@contextmanager
def secured(folder: Path) -> Iterator[Edge]:
    """A server that says in TLS by which protocol it was called, and then what it hears, to one caller."""
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subject = ("-subj", "/CN=shop.example", "-addext", "subjectAltName=DNS:shop.example")
    made = ("openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", *subject)
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificate, key)
    context.set_alpn_protocols(["h2", "http/1.1"])
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer() -> None:
            plain, _ = server.accept()
            # Who doesn't trust the certificate hangs up.
            with suppress(ssl.SSLError), context.wrap_socket(plain, server_side=True) as caller:
                heard = caller.recv(100)
                caller.sendall(str(caller.selected_alpn_protocol()).encode() + b" " + heard)

        Thread(target=answer, daemon=True).start()
        yield Edge("127.0.0.1", server.getsockname()[1], "shop.example", certificate.read_text())


@pytest.mark.parametrize(
    ("said", "heard"),
    [(b"GET / HTTP/1.1", b"http/1.1 GET / HTTP/1.1"), (b"PRI * HTTP/2.0", b"h2 PRI * HTTP/2.0")],
)
def test_what_is_said_in_plain_text_reaches_an_ingress_encrypted_and_in_its_protocol(
    tmp_path: Path, said: bytes, heard: bytes
) -> None:
    with secured(tmp_path) as edge, encrypted(edge) as address:
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as caller:
            caller.sendall(said)
            assert caller.recv(100) == heard
            assert caller.recv(100) == b"", "the end is led on, too"


def test_who_speaks_tls_already_is_led_on_as_he_is(tmp_path: Path) -> None:
    with secured(tmp_path) as edge, encrypted(edge) as address:
        host, _, port = address.partition(":")
        trusting = ssl.create_default_context(cadata=edge.certificate)
        with (
            socket.create_connection((host, int(port)), timeout=10) as plain,
            trusting.wrap_socket(plain, server_hostname="shop.example") as caller,
        ):
            caller.sendall(b"pretty")
            assert caller.recv(100) == b"None pretty"


def test_an_ingress_whose_certificate_is_for_another_name_is_not_spoken_to(tmp_path: Path) -> None:
    with secured(tmp_path) as edge, encrypted(replace(edge, name="elsewhere.example")) as address:
        host, _, port = address.partition(":")
        with socket.create_connection((host, int(port)), timeout=10) as caller:
            caller.sendall(b"GET / HTTP/1.1")
            assert caller.recv(100) == b""
