"""Whoever takes his time with a request does not hold the gateway for longer than it gives him."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from souk_gateway.testing import HOST, Backend, Gateway, running

from .cases import CREATE, JSON, request
from .test_http1 import answer

GIVEN_SECONDS = 1


@pytest.fixture(scope="module")
def gateway(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    environment = {**backend.environment, "REQUEST_SECONDS": str(GIVEN_SECONDS)}
    with running(environment, tmp_path_factory.mktemp("gateway") / "log") as up:
        yield up


@contextmanager
def dripping(gateway: Gateway, at_once: bytes, drop: bytes) -> Iterator[socket.socket]:
    """A connection on which a drop falls ten times a second, until something comes back."""
    with socket.create_connection((HOST, gateway.port), timeout=0.1) as connection:
        connection.sendall(at_once)
        started = time.monotonic()
        while not came(connection) and time.monotonic() - started < GIVEN_SECONDS + 5:
            connection.sendall(drop)
        assert GIVEN_SECONDS - 0.2 < time.monotonic() - started < GIVEN_SECONDS + 2
        connection.settimeout(5)
        yield connection


def came(connection: socket.socket) -> bool:
    try:
        connection.recv(1, socket.MSG_PEEK)
    except TimeoutError:
        return False
    return True


def test_headers_that_come_letter_by_letter_are_given_up(gateway: Gateway) -> None:
    with dripping(gateway, b"GET /v1/products/mug HTTP/1.1\r\nhost: a\r\nx-a: ", b"a") as connection:
        refused = answer(connection.makefile("rb"))
    assert (refused.status, refused.reason) == (408, "REQUEST_TIMEOUT")
    assert gateway.call("GET", "/v1/products/mug").status == 200


def test_a_body_that_comes_letter_by_letter_is_given_up(gateway: Gateway) -> None:
    with dripping(gateway, request(CREATE, f"{JSON}content-length: 1000\r\n", b'{"etag": "'), b"a") as connection:
        refused = answer(connection.makefile("rb"))
    assert (refused.status, refused.reason) == (408, "REQUEST_TIMEOUT")
    assert gateway.call("GET", "/v1/products/mug").status == 200


def test_many_slow_clients_are_in_nobodys_way(gateway: Gateway) -> None:
    slow = [socket.create_connection((HOST, gateway.port), timeout=5) for _ in range(200)]
    for connection in slow:
        connection.sendall(request(CREATE, f"{JSON}content-length: 1000\r\n", b"{"))
    assert gateway.call("GET", "/v1/products/mug").status == 200
    for connection in slow:
        assert answer(connection.makefile("rb")).status == 408
        connection.close()
