"""Sizes and times."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from souk_gateway.testing import Backend, Gateway

from .plain import TIMEOUT


def test_a_page_of_a_megabyte_is_too_long_to_be_answered(hole: Gateway, gateway: Gateway) -> None:
    assert hole.call("GET", "/v1/products/huge").status == 500
    assert len(gateway.call("GET", "/v1/products/huge").json["description"]) == 3 << 20


def test_the_limit_of_a_body_does_not_keep_it_from_the_service(
    hole: Gateway, gateway: Gateway, backend: Backend
) -> None:
    body = {"description": "x" * (2 << 20)}
    before = len(backend.requests)
    assert hole.call("POST", "/v1/products", body).headers["content-type"] == "text/plain"
    assert len(backend.requests) == before + 1
    assert gateway.call("POST", "/v1/products", body).reason == "REQUEST_TOO_LARGE"
    assert len(backend.requests) == before + 1


def test_a_timeout_on_the_way_ends_a_call_early(hole: Gateway, gateway: Gateway, backend: Backend) -> None:
    path, deadline = "/v1/products/slow", {"grpc-timeout": "5S"}
    backend.release.clear()
    assert hole.call("GET", path, headers=deadline).status == 504  # after a second
    with ThreadPoolExecutor(1) as pool:
        call = pool.submit(gateway.call, "GET", path, headers=deadline)
        with pytest.raises(TimeoutError):
            call.result(TIMEOUT + 0.3)
        backend.release.set()
        assert call.result(5).status == 200
