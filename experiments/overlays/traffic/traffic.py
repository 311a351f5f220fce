"""Asks for a payment RATE times a second, and says once in ten seconds how that went."""

import os
import time
import uuid
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import grpc
from google.type.money_pb2 import Money
from souk.payment.v1 import payment_pb2 as payment
from souk.payment.v1 import payment_pb2_grpc

RATE = float(os.environ["RATE"])
NAME = f"payments/{uuid.uuid4()}"


def main() -> None:
    """Asks until it is stopped."""
    with grpc.insecure_channel("payment:50051") as channel, ThreadPoolExecutor(16) as pool:
        payments = payment_pb2_grpc.PaymentServiceStub(channel)
        while authorize(payments) != "OK":
            time.sleep(1)
        told, ends = time.monotonic(), Counter[str]()
        due = time.monotonic()
        while True:
            due += 1 / RATE
            time.sleep(max(0.0, due - time.monotonic()))
            pool.submit(lambda: ends.update([ending(lambda: get(payments))]))
            if time.monotonic() > told + 10:
                print(dict(ends), flush=True)
                told = time.monotonic()


def authorize(payments: payment_pb2_grpc.PaymentServiceStub) -> str:
    """Makes the payment that is asked for."""
    request = payment.AuthorizePaymentRequest(
        name=NAME,
        order="customers/traffic/orders/1",
        amount=Money(currency_code="EUR", units=1),
        card_token="tok_visa",
    )
    return ending(lambda: payments.AuthorizePayment(request, timeout=5))


def get(payments: payment_pb2_grpc.PaymentServiceStub) -> payment.Payment:
    """Asks for it."""
    return payments.GetPayment(payment.GetPaymentRequest(name=NAME), timeout=5)


def ending(call: Callable[[], payment.Payment]) -> str:
    """How a call ended."""
    try:
        call()
    except grpc.RpcError as error:
        return error.code().name
    return "OK"


main()
