"""Stands in front of the real servicer, and lets happen to each call what is to happen."""

import os
import random
import time
from collections.abc import Callable
from itertools import count
from typing import Any

import grpc
from souk_chassis.errors import Refused
from souk_payment.api import PaymentApi

from souk_faulty_payment.faults import Faults, Place, fate

Method = Callable[[Any, grpc.ServicerContext], Any]


class FaultyApi:
    """Has every method that the servicer behind it has."""

    def __init__(self, behind: PaymentApi, faults: Faults) -> None:
        self._behind = behind
        self._faults = faults
        self._calls = count(1)

    def __getattr__(self, name: str) -> Method:
        method: Method = getattr(self._behind, name)

        def faulty(request: Any, context: grpc.ServicerContext) -> Any:  # noqa: ANN401 - any method's messages
            self._befall(context)
            begun = time.monotonic()
            answer = method(request, context)
            time.sleep((time.monotonic() - begun) * (self._faults.slowdown - 1))
            return answer

        return faulty

    def _befall(self, context: grpc.ServicerContext) -> None:
        this = fate(self._faults, next(self._calls), random.random)
        if this.crashes:
            os._exit(70)
        time.sleep(this.waits)
        if this.fails:
            if self._faults.place is Place.AFTER_HEADERS:
                context.send_initial_metadata(())
            raise Refused("FAULT", "this version was made to fail", code=self._faults.code)
