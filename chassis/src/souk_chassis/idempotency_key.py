"""Copies the `idempotency-key` metadata into an empty `request_id`; the store does the rest in its transaction."""

import re

from souk_chassis.errors import Violation, invalid
from souk_chassis.layers import Call

_UUID = re.compile("[0-9a-fA-F]{8}(-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")


def idempotency_key(call: Call) -> None:
    """Lets a REST client send the id as the `Idempotency-Key` header. Runs before validation, which then judges it.

    Raises:
        Refused: INVALID_ARGUMENT for a key that is no UUID, even where the request brings an id: its sender believes
            that it makes the call safe to repeat.
    """
    request = call.request
    if "request_id" not in request.DESCRIPTOR.fields_by_name:
        return
    for key, value in call.context.invocation_metadata():
        if key == "idempotency-key":
            if not _UUID.fullmatch(str(value)):
                raise invalid(Violation("request_id", "Idempotency-Key must be a UUID"))
            if not getattr(request, "request_id"):  # noqa: B009
                setattr(request, "request_id", value)  # noqa: B010
