"""A stream that breaks off."""

import socket

from souk_gateway.testing import HOST, Gateway

BROKEN = "/v1/customers/eve/orders/broken:watch"


def raw(gateway: Gateway, path: str) -> str:
    with socket.create_connection((HOST, gateway.port), timeout=5) as connection:
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: close\r\n\r\n".encode())
        return b"".join(iter(lambda: connection.recv(65536), b"")).decode()


def test_an_error_in_mid_stream_looks_like_its_good_end(hole: Gateway, gateway: Gateway) -> None:
    assert hole.call("GET", BROKEN).json[0]["order"]["state"] == "STATE_PENDING"  # a whole JSON document
    assert "grpc-status" not in raw(hole, BROKEN)
    assert raw(gateway, BROKEN).rpartition("\r\n0\r\n")[2].startswith("grpc-status: 15")


def test_ours_end_with_a_message_on_what_went_wrong(gateway: Gateway) -> None:
    lines = gateway.call("GET", "/v1/customers/eve/orders/o1:watch").text.splitlines()
    assert lines[-1].startswith('{"error":{"code":14')
