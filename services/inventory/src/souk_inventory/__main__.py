"""The inventory service: `python -m souk_inventory` serves; with `migrate`, it prepares its database and ends."""

import sys
from datetime import timedelta

from souk.inventory.v1.inventory_pb2_grpc import add_InventoryServiceServicer_to_server
from souk_chassis.database import Database
from souk_chassis.server import Server
from souk_chassis.telemetry import telemetry

from souk_inventory.api import SERVICE, InventoryApi
from souk_inventory.expiry import Expiry
from souk_inventory.settings import Settings


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

                migrate(settings.database_url, "souk_inventory")
            case _:
                sys.exit("usage: python -m souk_inventory [migrate]")


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, then drains."""
    with Database(settings.database_url) as database:
        server = Server(settings, ready_when=[database.reachable])
        server.add(add_InventoryServiceServicer_to_server, InventoryApi(database), SERVICE)
        with Expiry(database).sweeping(every=timedelta(seconds=settings.sweep_seconds)):
            server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
