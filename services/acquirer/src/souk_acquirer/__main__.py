"""The acquirer: the bank's side of a payment, simulated. `migrate` prepares its database, nothing serves."""

import sys

from souk.acquirer.v1 import acquirer_pb2_grpc
from souk_chassis.database import Database
from souk_chassis.migration import migrate
from souk_chassis.server import Server
from souk_chassis.settings import ServiceSettings
from souk_chassis.telemetry import telemetry

from souk_acquirer.api import SERVICE, AcquirerApi
from souk_acquirer.store import Ledger


class Settings(ServiceSettings):
    """What the acquirer reads from its environment."""

    service_name: str = "acquirer"


def main(arguments: list[str]) -> None:
    """Migrates or serves."""
    settings = Settings()
    with telemetry(settings):
        if arguments == ["migrate"]:
            migrate(settings.database_url, package="souk_acquirer")
        elif arguments:
            raise SystemExit(f"error: unknown arguments {arguments}; say `migrate`, or nothing to serve")
        else:
            serve(settings)


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, then drains."""
    with Database(settings.database_url) as database:
        server = Server(settings, ready_when=[database.reachable])
        server.add(acquirer_pb2_grpc.add_AcquirerServiceServicer_to_server, AcquirerApi(Ledger(database)), SERVICE)
        server.run()


if __name__ == "__main__":
    main(sys.argv[1:])
