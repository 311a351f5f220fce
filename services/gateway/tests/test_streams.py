"""A stream, told apart as the client asks for it."""

import http.client
import json
import socket

import pytest
from souk_gateway.testing import HOST, Backend, Gateway

WATCH = "/v1/customers/eve/orders/o1:watch"
STATES = ["STATE_PENDING", "STATE_CONFIRMED"]


def states(messages: list[dict[str, dict[str, object]]]) -> list[object]:
    return [one["order"]["state"] for one in messages if "order" in one]


@pytest.mark.parametrize("accept", [None, "*/*", "application/x-ndjson", "text/html"])
def test_without_a_wish_of_its_own_a_client_gets_lines(gateway: Gateway, accept: str | None) -> None:
    answer = gateway.call("GET", WATCH, headers={"accept": accept} if accept else {})
    messages = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert (states(messages), messages[-1]["error"]["code"]) == (STATES, 14)


def test_one_json_document_is_a_list(gateway: Gateway) -> None:
    answer = gateway.call("GET", WATCH, headers={"accept": "application/json"})
    assert answer.headers["content-type"] == "application/json"
    assert (states(answer.json), answer.json[-1]["error"]["code"]) == (STATES, 14)


def test_events_are_what_a_browser_reads(gateway: Gateway) -> None:
    answer = gateway.call("GET", WATCH, headers={"accept": "text/event-stream"})
    events = answer.text.split("\n\n")
    assert answer.headers["content-type"] == "text/event-stream"
    messages = [json.loads(event.removeprefix("data: ")) for event in events if event]
    assert (states(messages), messages[-1]["error"]["code"]) == (STATES, 14)


@pytest.mark.parametrize("accept", ["application/x-ndjson", "application/json", "text/event-stream"])
def test_each_message_comes_when_it_is_sent_even_to_those_who_take_compression(
    gateway: Gateway, backend: Backend, accept: str
) -> None:
    backend.release.clear()
    connection = http.client.HTTPConnection(HOST, gateway.port, timeout=5)
    headers = {"accept": accept, "accept-encoding": "gzip, br"}
    connection.request("GET", "/v1/customers/eve/orders/slow:watch", headers=headers)
    stream = connection.getresponse()
    first = stream.read1()
    backend.release.set()
    assert b"STATE_PENDING" in first
    assert b"STATE_CONFIRMED" not in first
    assert b"STATE_CONFIRMED" in stream.read()
    connection.close()


@pytest.mark.parametrize("accept", ["application/x-ndjson", "application/json", "text/event-stream"])
def test_an_error_before_the_first_message_is_an_answer_like_any_other(gateway: Gateway, accept: str) -> None:
    answer = gateway.call("GET", "/v1/customers/eve/orders/missing:watch", headers={"accept": accept})
    assert (answer.status, answer.headers["content-type"], answer.reason) == (
        404,
        "application/json",
        "ORDER_NOT_FOUND",
    )


def test_a_stream_that_breaks_off_says_so_in_its_trailers(gateway: Gateway) -> None:
    with socket.create_connection((HOST, gateway.port), timeout=5) as connection:
        path = "/v1/customers/eve/orders/broken:watch"
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: a\r\nte: trailers\r\nconnection: close\r\n\r\n".encode())
        received = b"".join(iter(lambda: connection.recv(65536), b"")).decode()
    _, _, last = received.rpartition("\r\n0\r\n")
    assert "STATE_PENDING" in received
    assert "grpc-status: 15" in last
