"""What becomes of an error on its way."""

import uuid

import pytest
from souk_gateway.testing import Gateway

from .plain import Plain


def test_details_of_a_type_that_is_not_in_the_set_empty_the_body(hole: Gateway, gateway: Gateway) -> None:
    lost = hole.call("GET", "/v1/products/missing")
    assert (lost.status, lost.text, lost.headers["content-type"]) == (404, "", "application/grpc")
    assert gateway.call("GET", "/v1/products/missing").reason == "PRODUCT_NOT_FOUND"


@pytest.mark.parametrize("path", ["/v1/products/strange", "/v1/customers/jo/orders/strange:watch"])
@pytest.mark.parametrize(
    "headers", [{}, {"accept-encoding": "gzip"}, {"if-none-match": '"etag"'}, {"accept": "application/json"}]
)
def test_details_that_nobody_knows_empty_the_body(
    hole: Gateway, gateway: Gateway, path: str, headers: dict[str, str]
) -> None:
    lost = hole.call("GET", path)
    assert (lost.status, lost.text) in ((400, ""), (400, "[]"))
    told = gateway.call("GET", path, headers=headers)
    assert (told.status, told.headers["content-type"]) == (400, "application/json")
    message = 'no "strange" mug\n here, n’est-ce pas? 100 %'
    assert told.json == {"code": 9, "message": message, "details": []}


def test_headers_of_grpc_leak(hole: Gateway, gateway: Gateway) -> None:
    def leaks(asked: Gateway, path: str) -> list[str]:
        return [name for name in asked.call("GET", path).headers if name.startswith("grpc-")]

    for path in ("/v1/products/mug", "/v1/products/missing"):
        assert leaks(hole, path)
        assert not leaks(gateway, path)


@pytest.mark.parametrize(
    ("path", "plainly"), [("/v1/nothing", ""), ("/v1/products?pageSize=many", "page_size: invalid value")]
)
def test_local_errors_are_text_or_nothing(hole: Gateway, gateway: Gateway, path: str, plainly: str) -> None:
    answer = hole.call("GET", path)
    assert answer.text.startswith(plainly)
    assert answer.headers.get("content-type") != "application/json"
    assert gateway.call("GET", path).json["details"]


def test_a_refusal_ends_the_connection(hole: Gateway, gateway: Gateway) -> None:
    path = "/v1/products?pageSize=many"
    assert hole.call("GET", path).headers["connection"] == "close"
    assert "connection" not in gateway.call("GET", path).headers


def test_the_log_says_another_code_than_the_service(hole: Gateway, gateway: Gateway) -> None:
    def code(asked: Gateway) -> object:
        identity = str(uuid.uuid4())
        asked.call("GET", "/v1/products/crowded", headers={"x-request-id": identity})
        return asked.logged(identity)["grpc"]

    # The service said RESOURCE_EXHAUSTED; the plain one makes up another code from 429.
    assert (code(hole), code(gateway)) == ("Unavailable", 8)


def test_the_metrics_know_nothing_of_calls_by_rest(plain: Plain, gateway: Gateway) -> None:
    for asked in (plain.gateway, gateway):
        assert asked.call("GET", "/v1/products/crowded").status == 429
    assert "GetProduct" not in plain.metrics()
    counted = [line for line in gateway.metrics().splitlines() if line.startswith("envoy_cluster_grpc_8{")]
    assert any('method="GetProduct"' in line for line in counted)
