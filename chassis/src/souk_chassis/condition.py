"""Copies the `if-match` metadata into an empty `etag`, so that REST makes a change conditional as HTTP has it."""

import re
from functools import cache
from typing import Any

from google.protobuf.descriptor import Descriptor

from souk_chassis.errors import Violation, invalid
from souk_chassis.layers import Call

# Proxies that compress on the way mark a strong etag as weak; it still tells the same state of the resource.
_ETAG = re.compile(r'\s*(?:W/)?("[\x21\x23-\x7e]*"|[\x21\x23-\x2b\x2d-\x7e]+)\s*')
_ANY = "*"


def if_match(call: Call) -> None:
    """Fills the request's `etag`, or that of the resource in an update. `*` sets no condition: both want it to exist.

    Runs before validation, which then judges the etag.

    Raises:
        Refused: INVALID_ARGUMENT, for several etags, or where a change can't be made conditional: it must not happen
            as if nothing had been asked.
    """
    place = _place(call.request.DESCRIPTOR)
    if place is None:
        return
    asked = ",".join(str(value) for key, value in call.context.invocation_metadata() if key == "if-match").strip()
    if asked in ("", _ANY):
        return
    found = _ETAG.fullmatch(asked)
    if not place:
        raise invalid(Violation("etag", "if-match: this call can't be made conditional; leave the header out"))
    if found is None:
        raise invalid(Violation(".".join(place), "if-match must be one etag, in quotes, or *"))
    message: Any = call.request
    for name in place[:-1]:
        message = getattr(message, name)
    if not getattr(message, place[-1]):
        etag = found[1]
        setattr(message, place[-1], etag if etag.startswith('"') else f'"{etag}"')


@cache
def _place(request: Descriptor) -> tuple[str, ...] | None:
    """The path of the etag; nothing of it where a change has none, and None where nothing is changed."""
    fields = request.fields_by_name
    if "etag" in fields:
        return ("etag",)
    if "update_mask" in fields:
        for field in request.fields:
            if field.message_type is not None and "etag" in field.message_type.fields_by_name:
                return (field.name, "etag")
    return () if "request_id" in fields else None
