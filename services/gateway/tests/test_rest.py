"""REST through the real Envoy to a real gRPC server."""

import json
import urllib.request
from typing import Any

import pytest
from souk.catalog.v1 import catalog_pb2
from souk_gateway.testing import Backend, Gateway

Call = tuple[Any, ...]

PRICE = {"currencyCode": "EUR", "units": "12", "nanos": 500000000}


def test_get_answers_with_every_field_even_those_that_are_empty(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/v1/products/mug")
    assert (answer.status, answer.headers["content-type"]) == (200, "application/json")
    assert answer.json == {"name": "products/mug", "displayName": "", "description": "", "etag": ""}


def test_numbers_of_64_bits_keep_every_digit(gateway: Gateway) -> None:
    stock = gateway.call("GET", "/v1/products/mug/stock").json
    assert (stock["onHand"], stock["reserved"]) == ("9007199254740993", "0")


def test_post_takes_the_resource_from_the_body_and_the_rest_from_the_query(gateway: Gateway, backend: Backend) -> None:
    answer = gateway.call("POST", "/v1/products?productId=mug", {"displayName": "Mug", "price": PRICE})
    assert answer.status == 200
    assert answer.json["price"] == PRICE
    assert backend.requests[-1].product_id == "mug"


def test_patch_takes_mask_and_name_where_they_belong(gateway: Gateway, backend: Backend) -> None:
    body = {"name": "products/mug", "displayName": "Jug"}
    answer = gateway.call("PATCH", "/v1/products/mug?updateMask=displayName", body)
    assert answer.status == 200
    assert backend.requests[-1] == catalog_pb2.UpdateProductRequest(
        product=catalog_pb2.Product(name="products/mug", display_name="Jug"), update_mask={"paths": ["display_name"]}
    )


def test_delete_answers_with_an_empty_object(gateway: Gateway, backend: Backend) -> None:
    answer = gateway.call("DELETE", "/v1/products/mug?etag=a%2Bb")
    assert (answer.status, answer.json) == (200, {})
    assert backend.requests[-1].etag == "a+b"


def test_a_plus_in_the_query_is_a_space(gateway: Gateway, backend: Backend) -> None:
    answer = gateway.call("GET", "/v1/products?pageToken=a+b%20%E2%82%AC%F0%9F%8D%B5&page_size=3")
    assert answer.json["nextPageToken"] == "a b €🍵"
    assert backend.requests[-1].page_size == 3


@pytest.mark.parametrize(
    ("call", "status", "code", "reason"),
    [
        (("GET", "/v1/products/bad"), 400, 3, "INVALID_ARGUMENT"),
        (("GET", "/v1/products/missing"), 404, 5, "PRODUCT_NOT_FOUND"),
        (("POST", "/v1/products?productId=taken", {}), 409, 6, "PRODUCT_EXISTS"),
        (("GET", "/v1/customers/eve/orders/missing:watch"), 404, 5, "ORDER_NOT_FOUND"),
    ],
)
def test_an_error_of_the_service_comes_as_a_status_with_its_details(
    gateway: Gateway, call: Call, status: int, code: int, reason: str
) -> None:
    answer = gateway.call(*call)
    assert (answer.status, answer.json["code"], answer.reason) == (status, code, reason)
    assert answer.headers["content-type"] == "application/json"
    assert answer.json["details"][0]["metadata"] == {"product": "mug"}


def test_the_message_of_an_error_keeps_its_letters(gateway: Gateway) -> None:
    assert gateway.call("GET", "/v1/products/missing").json["message"] == "no products/missing, n’est-ce pas? 100 %"


@pytest.mark.parametrize(
    "call",
    [
        ("GET", "/v1/nothing"),
        ("GET", "/v1/products/a:b"),
        ("GET", "/v1/products/mug/"),
        ("POST", "/souk.catalog.v1.CatalogService/GetProduct", {"name": "products/mug"}),
        ("POST", "/souk.acquirer.v1.AcquirerService/Void", {}),
    ],
)
def test_what_nobody_serves_is_not_found_in_the_one_shape(gateway: Gateway, call: Call) -> None:
    answer = gateway.call(*call)
    assert (answer.status, answer.json["code"], answer.reason) == (404, 5, "NO_SUCH_METHOD")
    assert answer.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    "call",
    [
        ("GET", "/v1/products?colour=red"),
        ("GET", "/v1/products?pageSize=many"),
        ("GET", "/v1/products%2Fmug"),
        ("GET", "/v1/products/%ff"),
        ("GET", "/v1/products?pageToken=%c3%28"),
        ("GET", "/v1/products?pageToken=%ed%a0%80"),
        ("GET", "/v1/products/mug", None, {"grpc-timeout": "soon"}),
    ],
)
def test_what_cannot_be_read_is_refused_in_the_one_shape(gateway: Gateway, call: Call) -> None:
    answer = gateway.call(*call)
    assert (answer.status, answer.json["code"], answer.reason) == (400, 3, "MALFORMED_REQUEST")


@pytest.mark.parametrize(
    "call",
    [
        ("GET", "/v1/products/mug?name=products/jug"),
        ("GET", "/v1/products/mug?na%6De=products/jug"),
        ("GET", "/v1/products/mug?%6e%61%6D%65=products/jug"),
        ("GET", "/v1/products/mug?name%3Dproducts/jug"),
        ("GET", "/v1/products/mug?x=1&name=products/jug"),
        ("GET", "/v1/products/mug?name"),
        ("GET", "/v1//products/mug?name=products/jug"),
        ("DELETE", "/v1/products/mug?etag=1&name=products/jug"),
        ("PATCH", "/v1/products/mug", {"name": "products/jug", "displayName": "Jug"}),
        ("POST", "/v1/products/mug/stock:adjust", {"delta": "1", "name": "products/jug/stock"}),
        ("PATCH", "/v1/products/mug?product.name=products/jug", {}),
        ("PATCH", "/v1/products/mug?product.displayName=Jug", {}),
        ("PATCH", "/v1/products/mug?product.display%5Fname=Jug", {}),
        ("POST", "/v1/products/mug/stock:adjust?name=products/jug/stock", {"delta": "1"}),
        ("POST", "/v1/products/mug/stock:adjust?delta=5", {}),
    ],
)
def test_nothing_can_say_otherwise_than_the_path_nor_a_query_than_the_body(
    gateway: Gateway, backend: Backend, call: Call
) -> None:
    before = len(backend.requests)
    assert gateway.call(*call).status == 400
    assert len(backend.requests) == before


def test_the_refused_parameter_is_named(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/v1/products/mug?na%6De=products/jug")
    assert answer.json["message"] == "query parameter 'name': the path gives it"
    assert (answer.reason, answer.fields) == ("OVERRIDING_PARAMETER", ["name"])


def test_a_body_past_the_limit_is_refused(gateway: Gateway) -> None:
    answer = gateway.call("POST", "/v1/products", {"description": "x" * (1 << 20)})
    assert (answer.status, answer.reason) == (413, "REQUEST_TOO_LARGE")


def test_a_backend_that_is_not_there_is_unavailable(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/v1/payments/p1")
    assert (answer.status, answer.json["code"], answer.reason) == (503, 14, "BACKEND_UNAVAILABLE")


@pytest.mark.parametrize("path", ["/v1/products/mug", "/v1/products/missing", "/v1/customers/eve/orders/o1:watch"])
def test_no_header_of_grpc_reaches_a_rest_client(gateway: Gateway, path: str) -> None:
    headers = gateway.call("GET", path).headers
    assert not [name for name in headers if name.startswith(("grpc-", "x-envoy-"))]


def test_the_idempotency_key_and_the_trace_reach_the_service(gateway: Gateway, backend: Backend) -> None:
    trace = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"
    key = "6f0c1d2e-0000-4000-8000-000000000001"
    gateway.call("POST", "/v1/products?productId=mug", {}, {"Idempotency-Key": key, "traceparent": trace})
    assert (backend.metadata["idempotency-key"], backend.metadata["traceparent"]) == (key, trace)


def test_a_client_cannot_speak_to_envoy_by_its_headers(gateway: Gateway, backend: Backend) -> None:
    headers = {"x-envoy-retry-on": "5xx", "x-envoy-upstream-rq-timeout-ms": "1", "x-forwarded-for": "10.0.0.1"}
    assert gateway.call("GET", "/v1/products/mug", headers=headers).status == 200
    assert not {"x-envoy-retry-on", "x-envoy-upstream-rq-timeout-ms", "x-envoy-internal"} & backend.metadata.keys()


def test_a_stream_comes_as_lines_of_json_with_its_error_in_band(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/v1/customers/eve/orders/o1:watch")
    first, second, last = [json.loads(line) for line in answer.text.splitlines()]
    assert answer.headers["content-type"] == "application/x-ndjson"
    assert [first["order"]["state"], second["order"]["state"]] == ["STATE_PENDING", "STATE_CONFIRMED"]
    assert (last["error"]["code"], last["error"]["message"]) == (14, "going down")


def test_each_message_of_a_stream_comes_when_it_is_sent(gateway: Gateway, backend: Backend) -> None:
    backend.release.clear()
    with urllib.request.urlopen(f"http://{gateway.address}/v1/customers/eve/orders/slow:watch", timeout=5) as lines:
        assert json.loads(lines.readline())["order"]["state"] == "STATE_PENDING"
        backend.release.set()
        assert json.loads(lines.readline())["order"]["state"] == "STATE_CONFIRMED"


def test_the_first_page_lists_every_call(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "GET    /v1/{name=customers/*/orders/*}:watch" in answer.text
    assert "acquirer" not in answer.text


def test_metrics_count_calls_by_method_and_grpc_status(gateway: Gateway) -> None:
    gateway.call("GET", "/v1/products/missing")
    counted = [line for line in gateway.metrics().splitlines() if line.startswith("envoy_cluster_grpc_5{")]
    assert any('service="souk_catalog_v1_CatalogService"' in line for line in counted)
    assert any('method="GetProduct"' in line for line in counted)


@pytest.mark.parametrize("name", ["a'b", "~", "*x", "x|", "x_y"])
def test_a_header_that_grpc_could_not_carry_does_not_break_the_call(
    gateway: Gateway, backend: Backend, name: str
) -> None:
    assert gateway.call("GET", "/v1/products/mug", headers={name: "1", "x-carried": "2"}).status == 200
    assert name not in backend.metadata
    assert backend.metadata["x-carried"] == "2"


@pytest.mark.parametrize("path", ["/v1/products/a%2Fb", "/v1/products/a%5cb"])
def test_a_path_with_an_escaped_slash_is_told_what_is_wrong_with_it(gateway: Gateway, path: str) -> None:
    answer = gateway.call("GET", path)
    assert (answer.status, answer.reason) == (400, "MALFORMED_REQUEST")
    assert "escaped slash" in answer.json["message"]


def test_a_long_path_reaches_the_service_and_one_that_is_too_long_is_refused(gateway: Gateway) -> None:
    assert gateway.call("GET", f"/v1/products?pageToken={'x' * 5_000}").status == 200
    refused = gateway.call("GET", f"/v1/products?pageToken={'x' * 62_000}")
    assert (refused.status, refused.reason) == (431, "HEADERS_TOO_LARGE")
