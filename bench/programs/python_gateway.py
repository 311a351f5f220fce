"""What people write in Python: Starlette, grpc.aio and protobuf's JSON, on uvicorn with uvloop and httptools."""

from __future__ import annotations

import json
import socket
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import grpc
import uvicorn
from google.protobuf.json_format import MessageToJson
from souk.catalog.v1.catalog_pb2 import GetProductRequest
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceStub
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def application(backend: str) -> Starlette:
    """One route."""

    @asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        async with grpc.aio.insecure_channel(backend) as channel:
            app.state.catalog = CatalogServiceStub(channel)
            yield

    async def product(request: Request) -> Response:
        asked = GetProductRequest(name=f"products/{request.path_params['product']}")
        answer = await request.app.state.catalog.GetProduct(asked, timeout=10)
        text = MessageToJson(answer, always_print_fields_with_no_presence=True, indent=None)
        return Response(text, media_type="application/json")

    return Starlette(routes=[Route("/v1/products/{product}", product)], lifespan=lifespan)


def main() -> None:
    """Argument: where the backend is."""
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    listener.listen(128)
    print(json.dumps({"event": "serving", "port": listener.getsockname()[1]}), flush=True)
    config = uvicorn.Config(
        application(sys.argv[1]), loop="uvloop", http="httptools", access_log=False, log_level="warning"
    )
    uvicorn.Server(config).run(sockets=[listener])


if __name__ == "__main__":
    main()
