"""How a cluster is looked into: the parts of that which need no cluster."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from threading import Thread

import pytest

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
