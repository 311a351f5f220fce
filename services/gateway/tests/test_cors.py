"""Which pages of other origins may call."""

from collections.abc import Iterator

import pytest
from souk_gateway.testing import Answer, Backend, Gateway, running

SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def open_gateway(backend: Backend, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    origins = {"CORS_ALLOWED_ORIGINS": f"{SHOP}, http://localhost:3000"}
    with running({**backend.environment, **origins}, tmp_path_factory.mktemp("cors") / "log") as up:
        yield up


def asked(gateway: Gateway, path: str, origin: str, verb: str = "PATCH") -> Answer:
    return gateway.call("OPTIONS", path, headers={"origin": origin, "access-control-request-method": verb})


def test_nobody_may_by_default(gateway: Gateway) -> None:
    answer = asked(gateway, "/v1/products/mug", SHOP)
    assert (answer.status, answer.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS, PATCH")
    got = gateway.call("GET", "/v1/products/mug", headers={"origin": SHOP})
    assert got.status == 200
    assert not [name for one in (answer, got) for name in one.headers if name.startswith("access-control")]


@pytest.mark.parametrize(
    ("path", "verbs"),
    [
        ("/v1/products/mug", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/v1/customers/eve/orders/o1:watch", "GET, OPTIONS"),
        ("/souk.catalog.v1.CatalogService/GetProduct", "POST"),
    ],
)
def test_a_listed_origin_may_use_the_verbs_of_a_path(open_gateway: Gateway, path: str, verbs: str) -> None:
    answer = asked(open_gateway, path, SHOP)
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (200, SHOP)
    assert answer.headers["access-control-allow-methods"] == verbs
    taken = answer.headers["access-control-allow-headers"].split(", ")
    assert {"content-type", "if-match", "idempotency-key"} <= set(taken)


def test_a_listed_origin_may_read_the_answer_and_its_headers(open_gateway: Gateway) -> None:
    answer = open_gateway.call("GET", "/v1/products/kept", headers={"origin": "http://localhost:3000"})
    assert answer.headers["access-control-allow-origin"] == "http://localhost:3000"
    assert {"etag", "link", "x-request-id"} <= set(answer.headers["access-control-expose-headers"].split(", "))
    assert "origin" in answer.headers["vary"]
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize(
    "origin", ["https://evil.example", "https://shop.example.evil.example", "null", "https://shopxexample"]
)
def test_another_origin_may_not(open_gateway: Gateway, origin: str) -> None:
    answer = asked(open_gateway, "/v1/products/mug", origin)
    assert (answer.status, "access-control-allow-origin" in answer.headers) == (204, False)
    got = open_gateway.call("GET", "/v1/products/mug", headers={"origin": origin})
    assert "access-control-allow-origin" not in got.headers
    assert "origin" in got.headers["vary"]


def test_an_error_of_a_service_may_be_read_too(open_gateway: Gateway) -> None:
    answer = open_gateway.call("GET", "/v1/products/missing", headers={"origin": SHOP})
    assert (answer.status, answer.headers["access-control-allow-origin"]) == (404, SHOP)


def test_no_path_that_is_not_served_is_open(open_gateway: Gateway) -> None:
    assert asked(open_gateway, "/v1/nothing", SHOP).status == 404
