"""GetProduct on bare grpcio and SQLModel, as their manuals have it."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.type.money_pb2 import Money
from souk.catalog.v1 import catalog_pb2 as pb
from souk.catalog.v1.catalog_pb2_grpc import CatalogServiceServicer, add_CatalogServiceServicer_to_server
from souk_catalog.store import ProductRow
from souk_chassis.server import threads
from souk_chassis.settings import ServiceSettings
from sqlmodel import Session, col, create_engine, select


class Catalog(CatalogServiceServicer):
    """Reads products."""

    def __init__(self, url: str) -> None:
        self._engine = create_engine(url)

    def GetProduct(self, request: pb.GetProductRequest, context: grpc.ServicerContext) -> pb.Product:
        """Reads one."""
        with Session(self._engine) as session:
            row = session.exec(select(ProductRow).where(col(ProductRow.name) == request.name)).one_or_none()
            if row is None:
                context.abort(grpc.StatusCode.NOT_FOUND, f"{request.name} does not exist")
            message = pb.Product(
                name=row.name,
                display_name=row.display_name,
                description=row.description,
                price=Money(currency_code=row.currency_code, units=row.price_units, nanos=row.price_nanos),
                etag=f'"{row.create_time.timestamp() * 1_000_000:.0f}-{row.revision}"',
            )
            message.create_time.FromDatetime(row.create_time)
            message.update_time.FromDatetime(row.update_time)
            return message


def main() -> None:
    """Serves until it is ended."""
    settings = ServiceSettings()
    server = grpc.server(ThreadPoolExecutor(threads(settings)))
    catalog = Catalog(settings.database_url)  # type: ignore[abstract]  # the other methods are not asked for
    add_CatalogServiceServicer_to_server(catalog, server)
    port = server.add_insecure_port(f"{settings.listen_host}:{settings.grpc_port}")
    server.start()
    print(json.dumps({"event": "serving", "port": port}), flush=True)
    server.wait_for_termination()


if __name__ == "__main__":
    main()
