"""Page tokens: opaque to clients, bound to the query that they go on with, and versioned."""

import binascii
import hashlib
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence

import grpc
from pydantic import StrictInt, StrictStr, TypeAdapter, ValidationError

from souk_chassis.errors import Refused

_CURSOR = TypeAdapter(tuple[StrictStr | StrictInt, ...])

# The first byte of every token; a new form gets a new one, and old tokens are refused instead of misread.
_VERSION = b"\x01"
_SUM_BYTES = 6


def encode(cursor: Sequence[str | int], *, query: str = "") -> str:
    """A token to go on after `cursor`; `query` is what else the list was asked for, such as a filter or a parent."""
    body = json.dumps(list(cursor), separators=(",", ":")).encode()
    return urlsafe_b64encode(_VERSION + _sum(body, query) + body).rstrip(b"=").decode()


def decode(token: str, *, query: str = "") -> tuple[str | int, ...]:
    """The cursor of a token; empty for an empty token, which asks for the first page.

    Raises:
        Refused: INVALID_PAGE_TOKEN, if it is not one, or one of another query.
    """
    if not token:
        return ()
    try:
        data = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):  # ValueError: not ASCII
        raise invalid_token() from None
    version, checksum, body = data[:1], data[1 : 1 + _SUM_BYTES], data[1 + _SUM_BYTES :]
    if version != _VERSION or checksum != _sum(body, query):
        raise invalid_token()
    try:
        return _CURSOR.validate_json(body)
    except ValidationError:  # somebody made it by hand
        raise invalid_token() from None


def invalid_token() -> Refused:
    """What a token is answered that can't be gone on after; for services whose cursors have a form of their own."""
    return Refused(
        "INVALID_PAGE_TOKEN",
        "page_token is not the next_page_token of an answer to the same query",
        code=grpc.StatusCode.INVALID_ARGUMENT,
    )


def _sum(body: bytes, query: str) -> bytes:
    # Against mistakes, not against attackers: a cursor grants nothing that the query does not.
    return hashlib.sha256(query.encode() + b"\0" + body).digest()[:_SUM_BYTES]
