"""The order service: what it reads from its environment, and how its parts are put together."""

from contextlib import ExitStack
from datetime import timedelta
from typing import Annotated

from pydantic import Field
from souk.order.v1.order_pb2_grpc import add_OrderServiceServicer_to_server
from souk_chassis.client import channel
from souk_chassis.database import Database
from souk_chassis.housekeeping import housekeeping
from souk_chassis.idempotency import forgetting
from souk_chassis.server import Server
from souk_chassis.settings import ServiceSettings

from souk_order.api import SERVICE, OrderApi
from souk_order.changes import Changes
from souk_order.checkout import Checkout, Peers
from souk_order.clients import GrpcCatalog, GrpcInventory, GrpcPayments
from souk_order.prices import KeptPrices
from souk_order.resume import Resume
from souk_order.store import OrderStore


class Settings(ServiceSettings):
    """What the order service reads from its environment, beside what every service reads."""

    catalog_address: str = "catalog:50051"
    catalog_cache_seconds: Annotated[float, Field(ge=0, le=60)] = 5
    """How old the price of a product may be when an order takes it; zero asks the catalog each time."""
    inventory_address: str = "inventory:50051"
    payment_address: str = "payment:50051"
    resume_seconds: Annotated[float, Field(gt=0, le=3600)] = 0.5
    """How often checkouts are looked for that nobody is at."""
    resume_at_once: Annotated[int, Field(ge=1, le=100)] = 8
    """How many of them go on at the same time."""


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, then drains."""
    with ExitStack() as stack:
        database = stack.enter_context(Database(settings.database_url))
        peers = Peers(
            KeptPrices(
                GrpcCatalog(stack.enter_context(channel(settings.catalog_address))),
                keep=timedelta(seconds=settings.catalog_cache_seconds),
            ),
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
        resume = Resume(store, checkout, every=every, at_once=settings.resume_at_once)
        with resume.running(), housekeeping(forgetting(database)):
            server.run()
