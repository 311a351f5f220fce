"""Answers GetProduct with a constant: `chassis` on the real Server, `bare` on grpc's own.

The handler and the number of threads are the same.
"""

from __future__ import annotations

import json
import sys
from concurrent.futures import ThreadPoolExecutor

import grpc
from souk.catalog.v1 import catalog_pb2 as pb
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceServicer, add_CatalogServiceServicer_to_server
from souk_chassis.server import Server, threads
from souk_chassis.settings import ServiceSettings
from souk_chassis.telemetry import telemetry

from bench.product import PRODUCT


class Constant(CatalogServiceServicer):
    """Knows one product."""

    def GetProduct(self, _request: pb.GetProductRequest, _context: grpc.ServicerContext) -> pb.Product:
        """Answers it, whatever is asked for."""
        return PRODUCT


CONSTANT = Constant()  # type: ignore[abstract]  # the other methods are not asked for


def chassis(settings: ServiceSettings) -> None:
    """Serves as a stall does."""
    server = Server(settings)
    server.add(add_CatalogServiceServicer_to_server, CONSTANT, "souk.catalog.v1.CatalogService")
    server.run()


def bare(settings: ServiceSettings) -> None:
    """Serves as the first page of gRPC's manual does."""
    server = grpc.server(ThreadPoolExecutor(threads(settings)))
    add_CatalogServiceServicer_to_server(CONSTANT, server)
    port = server.add_insecure_port(f"{settings.listen_host}:{settings.grpc_port}")
    server.start()
    print(json.dumps({"event": "serving", "port": port}), flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    ours = ServiceSettings(service_name="product")
    if sys.argv[1] == "chassis":
        with telemetry(ours):
            chassis(ours)
    else:
        bare(ours)
