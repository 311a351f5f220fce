"""The catalog service: what it reads from its environment, and how its parts are put together."""

from souk.catalog.v1.catalog_pb2_grpc import add_CatalogServiceServicer_to_server
from souk_chassis.database import Database
from souk_chassis.housekeeping import housekeeping
from souk_chassis.idempotency import forgetting
from souk_chassis.server import Server
from souk_chassis.settings import ServiceSettings as Settings

from souk_catalog.api import SERVICE, CatalogApi


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, then drains."""
    with Database(settings.database_url) as database:
        server = Server(settings, ready_when=[database.reachable])
        server.add(add_CatalogServiceServicer_to_server, CatalogApi(database), SERVICE)
        with housekeeping(forgetting(database)):
            server.run()
