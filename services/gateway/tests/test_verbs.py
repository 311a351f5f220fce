"""Which verbs a path takes."""

import http.client
import json

import pytest
from souk_gateway.descriptors import load
from souk_gateway.testing import HOST, Backend, Gateway
from souk_gateway.verbs import verb_routes


@pytest.mark.parametrize("verb", ["PUT", "POST", "TRACE"])
def test_a_verb_that_a_path_does_not_take_is_405_with_those_it_takes(gateway: Gateway, verb: str) -> None:
    answer = gateway.call(verb, "/v1/products/mug")
    assert (answer.status, answer.json["code"], answer.reason) == (405, 12, "METHOD_NOT_ALLOWED")
    assert answer.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, PATCH"


def test_options_says_which_verbs_there_are(gateway: Gateway) -> None:
    answer = gateway.call("OPTIONS", "/v1/products")
    assert (answer.status, answer.headers["allow"], answer.text) == (204, "GET, HEAD, OPTIONS, POST", "")


def test_a_stream_has_no_head(gateway: Gateway) -> None:
    answer = gateway.call("HEAD", "/v1/customers/eve/orders/o1:watch")
    assert (answer.status, answer.headers["allow"]) == (405, "GET, OPTIONS")


def test_every_path_of_the_protos_has_an_answer_to_options() -> None:
    routes = [route for route in verb_routes(load(), ()) if route["direct_response"] == {"status": 204}]
    methods = [method for service in load().public_services for method in service.methods]
    assert len(routes) == len({binding.template.shape for method in methods for binding in method.bindings})


@pytest.mark.parametrize("path", ["/v1/products/kept", "/", "/openapi.json"])
def test_head_says_what_get_would_and_leaves_the_body_out(gateway: Gateway, path: str) -> None:
    connection = http.client.HTTPConnection(HOST, gateway.port, timeout=10)
    connection.request("HEAD", path)
    head = connection.getresponse()
    assert (head.status, head.read()) == (200, b"")
    connection.request("GET", path)  # on the same connection: nothing was left on it
    got = connection.getresponse()
    assert got.read() != b""
    names = ("content-type", "etag", "cache-control")
    assert [head.getheader(name) for name in names] == [got.getheader(name) for name in names]
    connection.close()


def test_head_of_what_is_missing_is_404(gateway: Gateway, backend: Backend) -> None:
    answer = gateway.call("HEAD", "/v1/products/missing")
    assert (answer.status, answer.text) == (404, "")
    assert backend.requests[-1].name == "products/missing"


def test_a_refusal_does_not_cost_the_connection(gateway: Gateway) -> None:
    connection = http.client.HTTPConnection(HOST, gateway.port, timeout=10)
    kind = {"content-type": "application/json"}
    for verb, path, body, headers, status in (
        ("POST", "/v1/products", b"{", kind, 400),
        ("POST", "/v1/products", b"a=b", {"content-type": "text/plain"}, 415),
        ("GET", "/v1/products?colour=red", None, {}, 400),
        ("GET", "/v1/products/mug", None, {}, 200),
    ):
        connection.request(verb, path, body, headers)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("connection")) == (status, None)
        json.loads(answer.read())
    connection.close()
