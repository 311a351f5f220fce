"""The faulty payment service: the parts of the real one, with faults in front."""

import sys
from typing import Annotated, cast

import grpc
from pydantic import Field
from souk.payment.v1 import payment_pb2_grpc
from souk_chassis.client import channel
from souk_chassis.database import Database
from souk_chassis.housekeeping import housekeeping
from souk_chassis.idempotency import forgetting
from souk_chassis.server import Server
from souk_payment import serving
from souk_payment.acquirer import GrpcAcquirer
from souk_payment.api import SERVICE, PaymentApi
from souk_payment.payments import Payments
from souk_payment.store import PaymentStore

from souk_faulty_payment.api import FaultyApi
from souk_faulty_payment.faults import Faults, Place

Share = Annotated[float, Field(ge=0, le=1)]
Code = Annotated[str, Field(pattern="^(" + "|".join(code.name for code in grpc.StatusCode) + ")$")]


class Settings(serving.Settings):
    """What the payment service reads from its environment, and what is to go wrong."""

    fault_error_share: Share = 0
    """Of all calls, how many fail."""
    fault_error_code: Code = "UNAVAILABLE"
    fault_error_place: Place = Place.TRAILERS_ONLY
    fault_delay_share: Share = 0
    """Of all calls, how many take longer."""
    fault_delay_seconds: Annotated[float, Field(ge=0, le=60)] = 0
    """How much longer."""
    fault_slowdown: Annotated[float, Field(ge=1, le=100)] = 1
    """How many times as long as usual the handler takes; gRPC and the proxy around it take what they take."""
    fault_crash_after_calls: Annotated[int, Field(ge=0)] | None = None
    """The process ends itself at the call after so many."""
    fault_crash_at_start: bool = False

    @property
    def faults(self) -> Faults:
        """What goes wrong with calls."""
        return Faults(
            error_share=self.fault_error_share,
            code=grpc.StatusCode[self.fault_error_code],
            place=self.fault_error_place,
            delay_share=self.fault_delay_share,
            delay_seconds=self.fault_delay_seconds,
            slowdown=self.fault_slowdown,
            crash_after_calls=self.fault_crash_after_calls,
        )


def serve(settings: Settings) -> None:
    """Serves until SIGTERM, or until a crash that was asked for."""
    if settings.fault_crash_at_start:
        sys.exit("error: this version was made to crash (FAULT_CRASH_AT_START)")
    with Database(settings.database_url) as database, channel(settings.acquirer_address) as to_acquirer:
        acquirer = GrpcAcquirer(to_acquirer, settings.acquirer_patience_seconds)
        payments = Payments(PaymentStore(database), acquirer)
        api = FaultyApi(PaymentApi(payments, settings.statement_descriptor_style, settings.version), settings.faults)
        server = Server(settings, ready_when=[database.reachable])
        # It has all methods of a servicer, and no need to be one.
        server.add(payment_pb2_grpc.add_PaymentServiceServicer_to_server, cast(PaymentApi, api), SERVICE)
        with housekeeping(forgetting(database)):
            server.run()
