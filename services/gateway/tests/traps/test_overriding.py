"""What the path says, and what a query makes of it."""

import pytest
from souk_gateway.testing import Backend, Gateway

JUG = "products/jug"


@pytest.mark.parametrize("query", [f"name={JUG}", f"na%6De={JUG}", f"%6e%61%6d%65={JUG}", f"x=1&name={JUG}"])
def test_a_query_parameter_overrides_the_path(hole: Gateway, gateway: Gateway, backend: Backend, query: str) -> None:
    if not query.startswith("x"):  # which the plain one passes on to the service
        assert hole.call("GET", f"/v1/products/mug?{query}").json["name"] == JUG
    before = len(backend.requests)
    answer = gateway.call("GET", f"/v1/products/mug?{query}")
    assert (answer.status, len(backend.requests)) == (400, before)


@pytest.mark.parametrize("query", [f"product.name={JUG}", f"product.na%6De={JUG}"])
def test_a_nested_one_overrides_path_and_body(hole: Gateway, gateway: Gateway, backend: Backend, query: str) -> None:
    path = f"/v1/products/mug?updateMask=displayName&{query}"
    assert hole.call("PATCH", path, {"displayName": "Mug"}).status == 200
    assert backend.requests[-1].product.name == JUG
    assert gateway.call("PATCH", path, {"displayName": "Mug"}).status == 400


def test_a_plus_stays_one(hole: Gateway, gateway: Gateway, backend: Backend) -> None:
    for asked, token in ((hole, "a+b"), (gateway, "a b")):
        asked.call("GET", "/v1/products?pageToken=a+b")
        assert backend.requests[-1].page_token == token


def test_a_verb_of_its_own_kind_is_not_found_instead_of_not_allowed(hole: Gateway, gateway: Gateway) -> None:
    assert hole.call("PUT", "/v1/products/mug").status == 404
    assert gateway.call("PUT", "/v1/products/mug").status == 405
