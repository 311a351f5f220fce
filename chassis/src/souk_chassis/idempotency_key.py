"""Copies the `idempotency-key` metadata into an empty `request_id`; the store does the rest in its transaction."""

from souk_chassis.layers import Call


def idempotency_key(call: Call) -> None:
    """Lets a REST client send the id as the `Idempotency-Key` header. Runs before validation, which then judges it."""
    request = call.request
    if "request_id" in request.DESCRIPTOR.fields_by_name and not getattr(request, "request_id"):  # noqa: B009
        for key, value in call.context.invocation_metadata():
            if key == "idempotency-key":
                setattr(request, "request_id", value)  # noqa: B010
