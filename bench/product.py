"""The product that every server answers in the measurements of calls, and the load that asks for it."""

from __future__ import annotations

from pathlib import Path

import grpc
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from souk.catalog.v1 import catalog_pb2 as pb
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub

from bench.h2load import GRPC, Load, framed

METHOD = "/souk.catalog.v1.CatalogService/GetProduct"
PRODUCT = pb.Product(
    name="products/saffron",
    display_name="Saffron, 1 g",
    description="Threads from Khorasan, picked by hand before sunrise.",
    price=Money(currency_code="EUR", units=11, nanos=500_000_000),
    create_time=Timestamp(seconds=1_790_000_000, nanos=123_456_000),
    update_time=Timestamp(seconds=1_790_000_000, nanos=123_456_000),
    etag='"1790000000123456-1"',
)
REQUEST = pb.GetProductRequest(name=PRODUCT.name)
# As many as a busy caller has under way, and half of what the chassis lets run at once.
CONNECTIONS, IN_FLIGHT = 4, 4


def answered(port: int, request: pb.GetProductRequest = REQUEST) -> pb.Product:
    """What a server answers, asked once as a client would."""
    with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
        answer: pb.Product = CatalogServiceStub(channel).GetProduct(request, timeout=10)
        return answer


def load(port: int, folder: Path, request: pb.GetProductRequest = REQUEST) -> Load:
    """Asks a server for the product, over gRPC; each answer must be as long as the one it gives now."""
    return Load(
        f"http://127.0.0.1:{port}{METHOD}",
        clients=CONNECTIONS,
        in_flight=IN_FLIGHT,
        headers=GRPC,
        body=framed(request.SerializeToString(), folder / "request.bin"),
        answer_bytes=5 + answered(port, request).ByteSize(),
    )
