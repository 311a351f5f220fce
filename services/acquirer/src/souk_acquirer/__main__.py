"""A simulated bank: `python -m souk_acquirer` serves; with `migrate`, it prepares its database and ends."""

from souk.acquirer.v1 import acquirer_pb2_grpc
from souk_chassis.database import Database
from souk_chassis.program import run
from souk_chassis.server import Server
from souk_chassis.settings import ServiceSettings

from souk_acquirer.api import SERVICE, AcquirerApi
from souk_acquirer.store import Ledger


def serve(settings: ServiceSettings) -> None:
    """Serves until SIGTERM, then drains."""
    with Database(settings.database_url) as database:
        server = Server(settings, ready_when=[database.reachable])
        server.add(acquirer_pb2_grpc.add_AcquirerServiceServicer_to_server, AcquirerApi(Ledger(database)), SERVICE)
        server.run()


if __name__ == "__main__":
    run("souk_acquirer", ServiceSettings, serve)
