"""Refuses requests that break the rules written beside the fields in the protos."""

import grpc
from google.protobuf.message import Message
from protovalidate import Validator, Violation

from souk_chassis import errors
from souk_chassis.layers import Call, Layer, Malformed


def well_formed(call: Call) -> None:
    """Refuses bytes that are no message of the method's request type."""
    if isinstance(call.request, Malformed):
        message = f"the request is no well-formed message: {call.request.message_error}"
        raise errors.Refused("INVALID_ARGUMENT", message, code=grpc.StatusCode.INVALID_ARGUMENT)


def validation() -> Layer:
    """A layer that checks each request against its protovalidate rules."""
    validator = Validator()

    def valid(call: Call) -> None:
        found = check(validator, call.request)
        if found:
            raise errors.invalid(*found)

    return valid


def check(validator: Validator, message: Message) -> tuple[errors.Violation, ...]:
    """What is wrong with a message, field by field; the field is empty for a rule over the whole message."""
    return tuple(
        errors.Violation(_path(violation), violation.proto.message or violation.proto.rule_id)
        for violation in validator.collect_violations(message)
    )


def _path(violation: Violation) -> str:
    path = ""
    for element in violation.proto.field.elements if violation.proto.field else ():
        path += f".{element.field_name}" if path else element.field_name
        if element.subscript is not None:
            key = element.subscript.value
            path += f'["{key}"]' if isinstance(key, str) else f"[{key}]"
    return path
