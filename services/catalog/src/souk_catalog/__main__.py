"""The catalog service: `python -m souk_catalog` serves; with `migrate`, it prepares its database and ends."""

import sys

from souk.catalog.v1.catalog_pb2_grpc import add_CatalogServiceServicer_to_server
from souk_chassis.database import Database
from souk_chassis.server import Server
from souk_chassis.settings import ServiceSettings
from souk_chassis.telemetry import telemetry

from souk_catalog.api import SERVICE, CatalogApi


class Settings(ServiceSettings):
    """What every service reads, and no more."""

    service_name: str = "catalog"


def main(arguments: list[str]) -> None:
    """Does what the arguments say, with settings from the environment."""
    settings = Settings()
    with telemetry(settings):
        match arguments:
            case []:
                serve(settings)
            case ["migrate"]:
                # Only the init container needs Alembic, which takes a while to import.
                from souk_chassis.migration import migrate  # noqa: PLC0415

                migrate(settings.database_url, "souk_catalog")
            case _:
                sys.exit("usage: python -m souk_catalog [migrate]")


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, then drains."""
    with Database(settings.database_url) as database:
        server = Server(settings, ready_when=[database.reachable])
        server.add(add_CatalogServiceServicer_to_server, CatalogApi(database), SERVICE)
        server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
