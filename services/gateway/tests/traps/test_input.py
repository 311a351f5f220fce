"""What a client may send."""

import pytest
from souk_gateway.testing import Backend, Gateway

LENIENT = [
    b"{'displayName': 'a'}",
    b'{displayName: "a"}',
    b'{"displayName": "a",}',
    b'{"displayName": "a", "displayName": "b"}',
    b'{"displayName": "a", "display_name": "b"}',
]


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded"])
def test_any_page_may_post_what_a_browser_sends_without_asking(hole: Gateway, gateway: Gateway, kind: str) -> None:
    headers = {"content-type": kind}
    assert hole.call("POST", "/v1/products", b'{"displayName": "a"}', headers).status == 200
    assert gateway.call("POST", "/v1/products", b'{"displayName": "a"}', headers).status == 415


def test_an_unknown_field_is_dropped(hole: Gateway, gateway: Gateway) -> None:
    assert hole.call("POST", "/v1/products", {"dispalyName": "Mug"}).status == 200
    answer = gateway.call("POST", "/v1/products", {"dispalyName": "Mug"})
    assert (answer.status, answer.fields) == (400, ["product.dispalyName"])


@pytest.mark.parametrize("body", LENIENT)
def test_other_things_than_json_are_taken(hole: Gateway, gateway: Gateway, body: bytes) -> None:
    assert hole.call("POST", "/v1/products", body).status == 200
    assert gateway.call("POST", "/v1/products", body).status == 400


@pytest.mark.parametrize("verb", ["GET", "DELETE"])
def test_a_body_is_read_where_none_is_taken_and_goes_before_the_path(
    hole: Gateway, gateway: Gateway, backend: Backend, verb: str
) -> None:
    hole.call(verb, "/v1/products/mug", {"name": "products/jug"})
    assert backend.requests[-1].name == "products/jug"
    answer = gateway.call(verb, "/v1/products/mug", {"name": "products/jug"})
    assert (answer.status, answer.reason) == (400, "UNEXPECTED_BODY")


@pytest.mark.parametrize("path", ["/v1/products/%ff", "/v1/products/%c0%80", "/v1/products?pageToken=%ed%a0%80"])
def test_bad_utf8_reaches_python_which_fails(hole: Gateway, gateway: Gateway, path: str) -> None:
    failed = hole.call("GET", path)
    assert (failed.status, failed.json["message"]) == (500, "Exception deserializing request!")
    assert (gateway.call("GET", path).status, gateway.call("GET", path).reason) == (400, "MALFORMED_REQUEST")
