"""Products as REST resources, through ingress, gateway and sidecars to the catalog itself."""

from __future__ import annotations

import json
import uuid
from collections.abc import Mapping
from http.client import HTTPConnection, HTTPMessage
from typing import Any

import pytest

from tests.homes import Home

PRICE = {"currencyCode": "EUR", "units": "12", "nanos": 500000000}


class Browser:
    """Sees headers too."""

    def __init__(self, address: str) -> None:
        self.address = address

    def __call__(
        self, verb: str, path: str, body: Mapping[str, object] | None = None, **headers: str
    ) -> tuple[int, HTTPMessage, Any]:
        connection = HTTPConnection(self.address, timeout=30)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        content = {"content-type": "application/json"} if body is not None else {}
        connection.request(verb, path, None if body is None else json.dumps(body), {**content, **named})
        answer = connection.getresponse()
        text = answer.read()
        connection.close()
        return answer.status, answer.headers, json.loads(text) if text else None


@pytest.fixture(scope="module")
def call(home: Home) -> Browser:
    return Browser(home.address)


@pytest.fixture
def product(call: Browser) -> str:
    name = f"rug-{uuid.uuid4().hex[:8]}"
    status, _, made = call("POST", f"/v1/products?productId={name}", {"displayName": "Rug", "price": PRICE})
    assert status == 200, made
    return f"/v1/products/{name}"


def test_a_product_that_one_has_already_is_not_sent_again(call: Browser, product: str) -> None:
    status, headers, got = call("GET", product)
    assert (status, headers["etag"]) == (200, got["etag"])
    assert headers["cache-control"]
    status, headers, got = call("GET", product, if_none_match=headers["etag"])
    assert (status, got) == (304, None)


def test_a_change_by_an_old_etag_is_refused_and_by_the_current_one_done(call: Browser, product: str) -> None:
    _, headers, _ = call("GET", product)
    old = headers["etag"]
    status, headers, _ = call("PATCH", product, {"displayName": "Carpet"}, if_match=old)
    assert (status, headers["etag"] != old) == (200, True)
    status, _, error = call("PATCH", product, {"displayName": "Mat"}, if_match=old)
    assert (status, error["details"][0]["reason"]) == (412, "ETAG_MISMATCH")
    status, _, _ = call("DELETE", product, if_match=old)
    assert status == 412
    status, _, _ = call("DELETE", product, if_match=headers["etag"])
    assert status == 200


def test_a_patch_changes_what_its_body_holds_and_nothing_else(call: Browser, product: str) -> None:
    price = {"currencyCode": "EUR", "units": "5"}
    status, _, changed = call("PATCH", product, {"price": price})
    assert (status, changed["displayName"]) == (200, "Rug")
    assert changed["price"] == {**price, "nanos": 0}  # and not 5.50


def test_what_was_read_may_be_sent_back(call: Browser, product: str) -> None:
    _, _, got = call("GET", product)
    status, _, changed = call("PATCH", product, {**got, "description": "Soft."})
    assert (status, changed["description"]) == (200, "Soft.")


def test_following_the_links_gives_every_product_once(call: Browser, product: str) -> None:
    names: list[str] = []
    path = "/v1/products?pageSize=3"
    while path:
        status, headers, page = call("GET", path)
        assert status == 200
        names += [one["name"] for one in page["products"]]
        link = headers.get("link", "")
        path = link[1 : link.index(">")] if link else ""
    assert product.removeprefix("/v1/") in names
    assert len(names) == len(set(names)) > 3
