"""The order service: `python -m souk_order` serves; with `migrate`, it prepares its database and ends."""

import sys
from contextlib import ExitStack
from datetime import timedelta

from souk.order.v1.order_pb2_grpc import add_OrderServiceServicer_to_server
from souk_chassis.client import channel
from souk_chassis.database import Database
from souk_chassis.server import Server
from souk_chassis.telemetry import telemetry

from souk_order.api import SERVICE, OrderApi
from souk_order.changes import Changes
from souk_order.checkout import Checkout, Peers
from souk_order.clients import GrpcCatalog, GrpcInventory, GrpcPayments
from souk_order.resume import Resume
from souk_order.settings import Settings
from souk_order.store import OrderStore


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

                migrate(settings.database_url, "souk_order")
            case _:
                sys.exit("usage: python -m souk_order [migrate]")


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, then drains."""
    with ExitStack() as stack:
        database = stack.enter_context(Database(settings.database_url))
        peers = Peers(
            GrpcCatalog(stack.enter_context(channel(settings.catalog_address))),
            GrpcInventory(stack.enter_context(channel(settings.inventory_address))),
            GrpcPayments(stack.enter_context(channel(settings.payment_address))),
        )
        store, changes = OrderStore(database), Changes()
        checkout = Checkout(store, peers, changes)
        server = Server(settings, ready_when=[database.reachable])
        api = OrderApi(store, checkout, changes, draining=server.stopping)
        server.add(add_OrderServiceServicer_to_server, api, SERVICE)
        every = timedelta(seconds=settings.resume_seconds)
        # Takes over what a dead replica, or a caller out of time, left half done.
        with Resume(store, checkout, every=every, at_once=settings.resume_at_once).running():
            server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
