"""Who has to say first who he is, is told by which scheme: RFC 9110, 11.6.1, wants it of each 401."""

from __future__ import annotations

import grpc
import pytest
from souk.catalog.v1.catalog_pb2 import GetProductRequest
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from souk_gateway.replies import DOMAIN
from souk_gateway.testing import Gateway

from .conftest import OWN_CHALLENGE

CLOSED, RESERVED, WATCH = "/v1/products/closed", "/v1/products/reserved", "/v1/customers/jo/orders/closed:watch"


@pytest.mark.parametrize(
    ("path", "headers"),
    [
        (CLOSED, {}),
        (CLOSED, {"accept-encoding": "gzip"}),
        (CLOSED, {"if-none-match": '"etag"'}),
        (WATCH, {}),
        (WATCH, {"accept": "text/event-stream"}),
    ],
)
def test_an_answer_of_401_names_the_scheme(gateway: Gateway, path: str, headers: dict[str, str]) -> None:
    answer = gateway.call("GET", path, headers=headers)
    assert (answer.status, answer.reason) == (401, "UNAUTHENTICATED")
    assert answer.headers["www-authenticate"] == f'Bearer realm="{DOMAIN}"'


def test_the_service_may_say_more_of_it_itself(gateway: Gateway) -> None:
    answer = gateway.call("GET", RESERVED)
    assert (answer.status, answer.headers["www-authenticate"]) == (401, OWN_CHALLENGE)


@pytest.mark.parametrize("path", ["/v1/products/mug", "/v1/products/missing"])
def test_no_other_answer_does(gateway: Gateway, path: str) -> None:
    assert "www-authenticate" not in gateway.call("GET", path).headers


def test_nor_does_an_error_by_grpc_which_is_no_401(channel: grpc.Channel) -> None:
    with pytest.raises(grpc.RpcError) as refused:
        CatalogServiceStub(channel).GetProduct(GetProductRequest(name="products/closed"), timeout=10)
    assert refused.value.code() is grpc.StatusCode.UNAUTHENTICATED  # type: ignore[attr-defined]
    assert "www-authenticate" not in dict(refused.value.trailing_metadata())  # type: ignore[attr-defined]
