"""Copies the `idempotency-key` metadata into an empty `request_id`; the store does the rest in its transaction."""

import grpc

from souk_chassis.errors import Refused, Violation
from souk_chassis.layers import Call


def idempotency_key(call: Call) -> None:
    """Lets a REST client send the id as the `Idempotency-Key` header. Runs before validation, which then judges it.

    Raises:
        Refused: INVALID_ARGUMENT for an empty key, whose sender believes that the call is safe to repeat.
    """
    request = call.request
    if "request_id" not in request.DESCRIPTOR.fields_by_name:
        return
    for key, value in call.context.invocation_metadata():
        if key == "idempotency-key":
            if not value:
                raise _empty()
            if not getattr(request, "request_id"):  # noqa: B009
                setattr(request, "request_id", value)  # noqa: B010


def _empty() -> Refused:
    violation = Violation("request_id", "Idempotency-Key must not be empty")
    return Refused(
        "INVALID_ARGUMENT", violation.description, code=grpc.StatusCode.INVALID_ARGUMENT, violations=[violation]
    )
