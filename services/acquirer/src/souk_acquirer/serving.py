"""A simulated bank: what it reads from its environment, and how its parts are put together."""

from souk.acquirer.v1 import acquirer_pb2_grpc
from souk_chassis.database import Database
from souk_chassis.server import Server
from souk_chassis.settings import ServiceSettings as Settings

from souk_acquirer.api import SERVICE, AcquirerApi
from souk_acquirer.store import Ledger


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, then drains."""
    with Database(settings.database_url) as database:
        server = Server(settings, ready_when=[database.reachable])
        server.add(acquirer_pb2_grpc.add_AcquirerServiceServicer_to_server, AcquirerApi(Ledger(database)), SERVICE)
        server.run()
