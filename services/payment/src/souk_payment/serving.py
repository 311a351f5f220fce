"""The payment service: what it reads from its environment, and how its parts are put together."""

from typing import Annotated

from pydantic import Field
from souk.payment.v1 import payment_pb2_grpc
from souk_chassis.client import channel
from souk_chassis.database import Database
from souk_chassis.housekeeping import housekeeping
from souk_chassis.idempotency import forgetting
from souk_chassis.server import Server
from souk_chassis.settings import ServiceSettings

from souk_payment.acquirer import GrpcAcquirer
from souk_payment.api import SERVICE, PaymentApi
from souk_payment.descriptor import Style
from souk_payment.payments import Payments
from souk_payment.store import PaymentStore


class Settings(ServiceSettings):
    """What the payment service reads from its environment."""

    statement_descriptor_style: Style = Style.PLAIN
    acquirer_address: str = "acquirer:50051"
    # Less than the 2 s that the mesh gives to one try of a call to us, so that we are the ones who say what failed.
    acquirer_patience_seconds: Annotated[float, Field(gt=0, le=60)] = 1.5


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, then drains."""
    with Database(settings.database_url) as database, channel(settings.acquirer_address) as to_acquirer:
        acquirer = GrpcAcquirer(to_acquirer, settings.acquirer_patience_seconds)
        payments = Payments(PaymentStore(database), acquirer)
        api = PaymentApi(payments, settings.statement_descriptor_style, settings.version)
        server = Server(settings, ready_when=[database.reachable])
        server.add(payment_pb2_grpc.add_PaymentServiceServicer_to_server, api, SERVICE)
        with housekeeping(forgetting(database)):
            server.run()
