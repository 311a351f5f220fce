"""How a gateway that runs takes up another descriptor set."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import grpc
import pytest
from google.api import annotations_pb2
from google.protobuf.descriptor_pb2 import FileDescriptorSet, MethodDescriptorProto
from google.protobuf.descriptor_pool import DescriptorPool
from grpc_reflection.v1alpha.proto_reflection_descriptor_database import ProtoReflectionDescriptorDatabase
from souk.catalog.v1 import catalog_pb2
from souk.order.v1 import order_pb2, order_pb2_grpc
from souk_gateway.descriptors import COMMITTED
from souk_gateway.testing import Answer, Backend, Gateway, running

CATALOG = "souk.catalog.v1.CatalogService"
Change = Callable[[FileDescriptorSet], object]


def committed() -> FileDescriptorSet:
    return FileDescriptorSet.FromString(COMMITTED.read_bytes())


def methods(files: FileDescriptorSet, service: str) -> dict[str, MethodDescriptorProto]:
    found = [one for file in files.file for one in file.service if f"{file.package}.{one.name}" == service]
    return {method.name: method for method in found[0].method}


def with_peek(files: FileDescriptorSet, path: str = "/v1/{name=products/*}:peek") -> None:
    """Adds an RPC, PeekProduct."""
    catalog = next(file for file in files.file if file.package == "souk.catalog.v1")
    method = next(one for one in catalog.service if one.name == "CatalogService").method.add()
    method.CopyFrom(methods(files, CATALOG)["GetProduct"])
    method.name = "PeekProduct"
    method.options.Extensions[annotations_pb2.http].get = path


def with_product_at_v2(files: FileDescriptorSet) -> None:
    methods(files, CATALOG)["GetProduct"].options.Extensions[annotations_pb2.http].get = "/v2/{name=products/*}"


def with_stock_at_the_product(files: FileDescriptorSet) -> None:
    with_product_at_v2(files)
    stock = methods(files, "souk.inventory.v1.InventoryService")["GetStock"]
    stock.options.Extensions[annotations_pb2.http].get = "/v1/{name=products/*}"


def with_doubled_template(files: FileDescriptorSet) -> None:
    with_peek(files, "/v1/{name=products/*}")


def with_a_context_that_nobody_has_an_address_of(files: FileDescriptorSet) -> None:
    file = files.file.add(name="souk/spice/v1/spice.proto", package="souk.spice.v1", syntax="proto3")
    file.dependency.append(next(one.name for one in files.file if one.package == "souk.catalog.v1"))
    file.service.add(name="SpiceService").method.add().CopyFrom(methods(files, CATALOG)["GetProduct"])
    file.service[0].method[0].options.Extensions[annotations_pb2.http].get = "/v1/spices"


def with_a_response_body_that_envoy_refuses(files: FileDescriptorSet) -> None:
    methods(files, CATALOG)["GetProduct"].options.Extensions[annotations_pb2.http].response_body = "display_name"


def without_a_file_that_others_import(files: FileDescriptorSet) -> None:
    del files.file[0]


def without_services(files: FileDescriptorSet) -> None:
    for file in files.file:
        file.ClearField("service")


def changed(change: Change) -> bytes:
    files = committed()
    change(files)
    return files.SerializeToString()


class Mount:
    """A folder that changes as a ConfigMap's does: `..data` is a link, and it alone is replaced."""

    def __init__(self, folder: Path, content: bytes) -> None:
        self.folder, self.count = folder, 0
        folder.mkdir()
        self.bring(content)
        self.file = folder / "descriptors.binpb"
        self.file.symlink_to("..data/descriptors.binpb")

    def bring(self, content: bytes) -> None:
        self.count += 1
        version = self.folder / f"..{self.count}"
        version.mkdir()
        (version / "descriptors.binpb").write_bytes(content)
        link = self.folder / "..new"
        link.symlink_to(version.name)
        link.replace(self.folder / "..data")


@pytest.fixture
def mount(tmp_path: Path) -> Mount:
    return Mount(tmp_path / "mount", COMMITTED.read_bytes())


@pytest.fixture(scope="module")
def peeking() -> Iterator[str]:
    """A catalog that knows of PeekProduct; its address."""

    def peek(request: catalog_pb2.GetProductRequest, context: grpc.ServicerContext) -> catalog_pb2.Product:
        return catalog_pb2.Product(name=request.name, display_name="peeked")

    handler = grpc.unary_unary_rpc_method_handler(
        peek, catalog_pb2.GetProductRequest.FromString, catalog_pb2.Product.SerializeToString
    )
    server = grpc.server(ThreadPoolExecutor(4))
    names = ("GetProduct", "PeekProduct")
    server.add_generic_rpc_handlers([grpc.method_handlers_generic_handler(CATALOG, dict.fromkeys(names, handler))])
    address = f"127.0.0.1:{server.add_insecure_port('127.0.0.1:0')}"
    server.start()
    yield address
    server.stop(0).wait()


@pytest.fixture
def gateway(backend: Backend, peeking: str, mount: Mount, tmp_path: Path) -> Iterator[Gateway]:
    environment = {**backend.environment, "CATALOG_ADDRESS": peeking, "DESCRIPTOR_SET": str(mount.file)}
    with running(environment, tmp_path / "log") as up:
        yield up


def eventually(condition: Callable[[], bool]) -> None:
    until = time.monotonic() + 15
    while not condition():
        assert time.monotonic() < until, f"never came true: {condition}"
        time.sleep(0.05)


def count(gateway: Gateway, result: str) -> int:
    """Updates of the routes that Envoy took, or refused, since it started."""
    found = re.search(rf"^envoy_http_rds_update_{result}{{.*\"gateway\".*}} (\d+)$", gateway.metrics(), re.MULTILINE)
    assert found is not None, "the metric has another name"
    return int(found[1])


def test_an_rpc_of_a_new_descriptor_set_is_served_by_rest_and_grpc_and_described(
    gateway: Gateway, mount: Mount
) -> None:
    assert gateway.call("GET", "/v1/products/mug:peek").status == 404
    taken = count(gateway, "success")
    mount.bring(changed(with_peek))
    eventually(lambda: gateway.call("GET", "/v1/products/mug:peek").status == 200)
    assert gateway.call("GET", "/v1/products/mug:peek").json["displayName"] == "peeked"
    assert "/v1/{name=products/*}:peek" in gateway.call("GET", "/").text
    assert any(path.endswith(":peek") for path in gateway.call("GET", "/openapi.json").json["paths"])
    assert count(gateway, "success") == taken + 1
    with grpc.insecure_channel(gateway.address) as channel:
        call = channel.unary_unary(f"/{CATALOG}/PeekProduct", response_deserializer=catalog_pb2.Product.FromString)
        assert call(b"", timeout=5).display_name == "peeked"
        eventually(lambda: "PeekProduct" in reflected(channel))


def reflected(channel: grpc.Channel) -> set[str]:
    """The methods of the catalog that reflection tells of; the database keeps what it has heard, so it is a new one."""
    service = DescriptorPool(ProtoReflectionDescriptorDatabase(channel)).FindServiceByName(CATALOG)
    return set(service.methods_by_name)


def test_a_stream_that_runs_goes_on_while_the_descriptor_set_is_replaced(
    gateway: Gateway, mount: Mount, backend: Backend
) -> None:
    backend.release.clear()
    with grpc.insecure_channel(gateway.address) as channel:
        request = order_pb2.WatchOrderRequest(name="customers/eve/orders/slow")
        stream = order_pb2_grpc.OrderServiceStub(channel).WatchOrder(request, timeout=20)
        states = [next(stream).order.state]
        mount.bring(changed(with_product_at_v2))
        eventually(lambda: gateway.call("GET", "/v2/products/mug").status == 200)
        backend.release.set()
        states += [one.order.state for one in stream if one.HasField("order")]
    assert states == [order_pb2.Order.STATE_PENDING, order_pb2.Order.STATE_CONFIRMED]


def test_routes_and_transcoder_change_as_one_under_load(gateway: Gateway, mount: Mount) -> None:
    """A path goes over to another service, and back: a new route with the old transcoder, or the other way round, would
    ask one service for what only the other has.
    """
    answers: list[Answer] = []
    stop = threading.Event()

    def load() -> None:
        while not stop.is_set():
            answers.append(gateway.call("GET", "/v1/products/mug"))

    with ThreadPoolExecutor(2) as pool:
        loads = [pool.submit(load), pool.submit(load)]
        try:
            for change, field in ((with_stock_at_the_product, "onHand"), (with_peek, "displayName")) * 2:
                mount.bring(changed(change))
                eventually(lambda field=field: any(field in one.text for one in answers[-1:]))  # type: ignore[misc]
        finally:
            stop.set()
        for one in loads:
            one.result()
    assert {answer.status for answer in answers} == {200}


@pytest.mark.parametrize(
    ("bad", "why"),
    [
        (b"\xffno descriptor set", "can't be read as a descriptor set"),
        (COMMITTED.read_bytes()[:-1000], "can't be read as a descriptor set"),
        (b"", "nothing to serve"),
        (changed(without_a_file_that_others_import), "can't be read as a descriptor set"),
        (changed(without_services), "nothing to serve"),
        (changed(with_doubled_template), "takes the same calls as souk.catalog.v1.CatalogService.GetProduct"),
        (changed(with_a_context_that_nobody_has_an_address_of), "SPICE_ADDRESS is not set"),
        (changed(with_a_response_body_that_envoy_refuses), "Envoy refuses it"),
    ],
)
def test_a_bad_descriptor_set_does_not_start(bad: bytes, why: str, backend: Backend, tmp_path: Path) -> None:
    path = tmp_path / "bad.binpb"
    path.write_bytes(bad)
    environment = {**os.environ, **backend.environment, "DESCRIPTOR_SET": str(path), "PORT": "1"}
    command = [sys.executable, "-m", "souk_gateway", "proxy"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10, check=False)
    assert ended.returncode == 2
    assert why in ended.stderr


def test_bad_descriptor_sets_are_refused_and_counted_and_the_old_one_kept(
    gateway: Gateway, mount: Mount, tmp_path: Path
) -> None:
    refused, taken = count(gateway, "rejected"), count(gateway, "success")
    bad = (b"\xffno descriptor set", changed(with_doubled_template), changed(with_a_response_body_that_envoy_refuses))
    for number, content in enumerate(bad, start=1):
        mount.bring(content)
        eventually(lambda number=number: count(gateway, "rejected") == refused + number)  # type: ignore[misc]
        assert gateway.call("GET", "/v1/products/mug").status == 200
    assert count(gateway, "success") == taken
    assert "takes the same calls as" in (tmp_path / "log").read_text()
    mount.bring(changed(with_peek))
    eventually(lambda: gateway.call("GET", "/v1/products/mug:peek").status == 200)
