"""An RPC that is new in a proto is there by REST, in the document, on the page at /docs, and for other origins."""

from __future__ import annotations

import re
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.protobuf.wrappers_pb2 import Int64Value
from souk.catalog.v1 import catalog_pb2
from souk_gateway.testing import HOST, Backend, Gateway, running

from .protos import ROOT, compile_all

CATALOG = "souk/catalog/v1/catalog.proto"
COUNT = """
  // Counts the products. Those that were taken out are not among them.
  rpc CountProducts(ListProductsRequest) returns (google.protobuf.Int64Value) {
    option (google.api.http) = {get: "/v1/products:count"};
  }
"""
SHOP = "https://shop.example"


@pytest.fixture(scope="module")
def changed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The descriptor set of our protos, one of which has another RPC; no other file has changed."""
    folder = tmp_path_factory.mktemp("protos")
    shutil.copytree(ROOT / "protos/souk", folder / "souk")
    text = (folder / CATALOG).read_text()
    with_import = text.replace("import ", 'import "google/protobuf/wrappers.proto";\nimport ', 1)
    (folder / CATALOG).write_text(re.sub(r"(service CatalogService \{)", rf"\1{COUNT}", with_import))
    protos = sorted(str(one.relative_to(folder)) for one in (folder / "souk").rglob("*.proto"))
    return compile_all(folder, [ROOT / ".souk/include"], protos)


@pytest.fixture(scope="module")
def counting() -> Iterator[str]:
    """A catalog that can count; its address."""

    def count(request: catalog_pb2.ListProductsRequest, _context: grpc.ServicerContext) -> Int64Value:
        return Int64Value(value=request.page_size)

    handler = grpc.unary_unary_rpc_method_handler(
        count, catalog_pb2.ListProductsRequest.FromString, Int64Value.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(2))
    service = grpc.method_handlers_generic_handler("souk.catalog.v1.CatalogService", {"CountProducts": handler})
    server.add_generic_rpc_handlers([service])
    port = server.add_insecure_port(f"{HOST}:0")
    server.start()
    yield f"{HOST}:{port}"
    server.stop(0).wait()


@pytest.fixture(scope="module")
def gateway(
    backend: Backend, changed: Path, counting: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Gateway]:
    environment = {
        **backend.environment,
        "CATALOG_ADDRESS": counting,
        "DESCRIPTOR_SET": str(changed),
        "CORS_ALLOWED_ORIGINS": SHOP,
    }
    with running(environment, tmp_path_factory.mktemp("new") / "log") as up:
        yield up


def test_it_can_be_called_by_rest(gateway: Gateway) -> None:
    answer = gateway.call("GET", "/v1/products:count?pageSize=7")
    assert (answer.status, answer.json) == (200, "7")


def test_what_breaks_its_form_is_refused_as_everywhere(gateway: Gateway) -> None:
    assert gateway.call("GET", "/v1/products:count?nonsense=7").status == 400
    other = gateway.call("DELETE", "/v1/products:count")
    assert (other.status, other.headers["allow"]) == (405, "GET, HEAD, OPTIONS")


def test_it_is_in_the_document_with_the_words_of_its_proto(gateway: Gateway) -> None:
    count = gateway.call("GET", "/openapi.json").json["paths"]["/v1/products:count"]["get"]
    assert count["operationId"] == "CatalogService_CountProducts"
    assert count["summary"] == "Counts the products"
    assert [one["name"] for one in count["parameters"]][:2] == ["pageSize", "pageToken"]
    assert count["responses"]["200"]["content"]["application/json"]["schema"]["format"] == "int64"


def test_it_is_on_the_pages_for_people(gateway: Gateway) -> None:
    assert "GET    /v1/products:count" in gateway.call("GET", "/").text
    # What the page shows, it takes from the document of the test before; a browser sees that in tests/browser.
    assert "/docs/start.js" in gateway.call("GET", "/docs").text
    assert 'url: "/openapi.json"' in gateway.call("GET", "/docs/start.js").text


def test_it_may_be_called_from_the_origins_that_may_call_others(gateway: Gateway) -> None:
    asked = {"origin": SHOP, "access-control-request-method": "GET"}
    preflight = gateway.call("OPTIONS", "/v1/products:count", headers=asked)
    assert preflight.headers["access-control-allow-origin"] == SHOP
    assert preflight.headers["access-control-allow-methods"] == "GET, HEAD, OPTIONS"
    answer = gateway.call("GET", "/v1/products:count", headers={"origin": SHOP})
    assert answer.headers["access-control-allow-origin"] == SHOP
