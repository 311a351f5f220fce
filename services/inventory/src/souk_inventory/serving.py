"""The inventory service: what it reads from its environment, and how its parts are put together."""

from datetime import timedelta
from typing import Annotated

from pydantic import Field
from souk.inventory.v1.inventory_pb2_grpc import add_InventoryServiceServicer_to_server
from souk_chassis.database import Database
from souk_chassis.housekeeping import Chore, housekeeping
from souk_chassis.idempotency import forgetting
from souk_chassis.server import Server
from souk_chassis.settings import ServiceSettings

from souk_inventory.api import SERVICE, InventoryApi
from souk_inventory.expiry import Expiry


class Settings(ServiceSettings):
    """What the inventory service reads from its environment, beside what every service reads."""

    sweep_seconds: Annotated[float, Field(gt=0, le=3600)] = 5
    """How often expired reservations are looked for; who needs their pieces sooner doesn't wait for it."""


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, then drains."""
    with Database(settings.database_url) as database:
        server = Server(settings, ready_when=[database.reachable])
        server.add(add_InventoryServiceServicer_to_server, InventoryApi(database), SERVICE)
        expiring = Chore("expire reservations", timedelta(seconds=settings.sweep_seconds), Expiry(database).sweep)
        with housekeeping(expiring, forgetting(database)):
            server.run()
