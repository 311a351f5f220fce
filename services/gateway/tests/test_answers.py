"""What comes along with an answer: links, times to wait, ids, compression."""

import gzip
import json

import pytest
from souk_gateway.testing import Backend, Gateway


@pytest.mark.parametrize(
    ("query", "link"),
    [
        ("pageToken=first", "pageToken=a%2Bb%2Fc%3D%3D"),
        ("pageSize=2&page_token=first", "pageSize=2&pageToken=a%2Bb%2Fc%3D%3D"),
        ("page%54oken=first&pageSize=2", "pageSize=2&pageToken=a%2Bb%2Fc%3D%3D"),
    ],
)
def test_a_page_links_to_the_next(gateway: Gateway, query: str, link: str) -> None:
    answer = gateway.call("GET", f"/v1/products?{query}")
    assert answer.headers["link"] == f'</v1/products?{link}>; rel="next"'
    assert "next-page-token" not in answer.headers


def test_the_link_leads_to_what_it_says(gateway: Gateway, backend: Backend) -> None:
    link = gateway.call("GET", "/v1/products?pageToken=first&pageSize=2").headers["link"]
    answer = gateway.call("GET", link[1 : link.index(">")])
    assert (backend.requests[-1].page_token, backend.requests[-1].page_size) == ("a+b/c==", 2)
    assert "link" not in answer.headers


def test_who_calls_too_often_is_told_when_to_come_back(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/v1/products/busy")
    assert (answer.status, answer.json["code"], answer.headers["retry-after"]) == (429, 8, "7")


def test_a_request_id_comes_back_and_goes_on(gateway: Gateway, backend: Backend) -> None:
    answer = gateway.call("GET", "/v1/products/mug", headers={"x-request-id": "mine"})
    assert (answer.headers["x-request-id"], backend.metadata["x-request-id"]) == ("mine", "mine")
    assert gateway.call("GET", "/v1/nothing", headers={"x-request-id": "mine"}).headers["x-request-id"] == "mine"


def test_who_has_no_request_id_gets_one(gateway: Gateway, backend: Backend) -> None:
    given = gateway.call("GET", "/v1/products/mug").headers["x-request-id"]
    assert len(given) == 36
    assert backend.metadata["x-request-id"] == given


@pytest.mark.parametrize(("accepted", "coding"), [("gzip", "gzip"), ("gzip, br", "br"), ("gzip;q=1, br;q=0.5", "gzip")])
def test_an_answer_is_compressed_as_the_client_likes_best(gateway: Gateway, accepted: str, coding: str) -> None:
    answer = gateway.call("GET", "/v1/products/long", headers={"accept-encoding": accepted})
    assert (answer.headers["content-encoding"], answer.headers["vary"].lower()) == (coding, "accept-encoding")
    assert answer.headers["etag"] == 'W/"17-3"'  # other bytes, the same resource
    if coding == "gzip":
        assert json.loads(gzip.decompress(answer.content))["name"] == "products/long"


def test_a_short_answer_is_not_worth_it(gateway: Gateway) -> None:
    assert (
        "content-encoding" not in gateway.call("GET", "/v1/products/mug", headers={"accept-encoding": "gzip"}).headers
    )


def test_a_compressed_request_is_read(gateway: Gateway, backend: Backend) -> None:
    packed = gzip.compress(b'{"displayName": "packed"}')
    assert gateway.call("POST", "/v1/products", packed, {"content-encoding": "gzip"}).status == 200
    assert backend.requests[-1].product.display_name == "packed"


def test_the_limit_is_on_what_a_request_unpacks_to(gateway: Gateway) -> None:
    varied = json.dumps({"description": "".join(f"{number:x}" for number in range(250_000))}).encode()
    packed = gzip.compress(varied)
    assert len(packed) < 1 << 20 < len(varied)
    answer = gateway.call("POST", "/v1/products", packed, {"content-encoding": "gzip"})
    assert (answer.status, answer.reason) == (413, "REQUEST_TOO_LARGE")


@pytest.mark.parametrize(
    ("packed", "coding", "status", "reason"),
    [
        (gzip.compress(b'{"description": "' + b"x" * 1_000_000 + b'"}'), "gzip", 400, "MALFORMED_JSON"),
        (gzip.compress(b'{"displayName": "a long enough name"}')[:-20], "gzip", 400, "MALFORMED_JSON"),
        (b"\x00\x01", "zstd", 415, "UNSUPPORTED_ENCODING"),
    ],
)
def test_what_cannot_be_unpacked_is_refused(
    gateway: Gateway, packed: bytes, coding: str, status: int, reason: str
) -> None:
    answer = gateway.call("POST", "/v1/products", packed, {"content-encoding": coding})
    assert (answer.status, answer.reason) == (status, reason)
