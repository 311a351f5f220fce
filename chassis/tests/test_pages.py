"""Page tokens go on where they were made, and nowhere else."""

from base64 import urlsafe_b64encode
from hashlib import sha256

import grpc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from souk_chassis.errors import Refused
from souk_chassis.pages import decode, encode


@given(st.lists(st.text() | st.integers()), st.text())
def test_a_token_gives_back_its_cursor(cursor: list[str | int], query: str) -> None:
    token = encode(cursor, query=query)
    assert decode(token, query=query) == tuple(cursor)
    assert token.replace("-", "").replace("_", "").isalnum()
    assert token.isascii()


def test_no_token_asks_for_the_first_page() -> None:
    assert decode("") == ()


@given(st.text(min_size=1) | st.binary(min_size=1).map(lambda data: data.hex()))
def test_anything_else_is_refused_as_invalid(token: str) -> None:
    with pytest.raises(Refused) as caught:
        decode(token)
    assert (caught.value.reason, caught.value.code) == ("INVALID_PAGE_TOKEN", grpc.StatusCode.INVALID_ARGUMENT)


@pytest.mark.parametrize("body", [b"", b"{}", b"[null]", b"[[1]]", b"[1.5]", b"[true]", b'["a"', b'"a"'])
def test_a_token_made_by_hand_is_refused(body: bytes) -> None:
    made = b"\x01" + sha256(b"\0" + body).digest()[:6] + body
    with pytest.raises(Refused, match="INVALID_PAGE_TOKEN"):
        decode(urlsafe_b64encode(made).rstrip(b"=").decode())


def test_a_token_of_another_query_is_refused() -> None:
    with pytest.raises(Refused, match="INVALID_PAGE_TOKEN"):
        decode(encode(["b"], query="parent/1"), query="parent/2")


@given(st.integers(min_value=0), st.integers(min_value=1, max_value=63))
def test_a_changed_token_is_refused(position: int, shift: int) -> None:
    token = encode(["name", 7])
    alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    at = position % len(token)
    changed = token[:at] + alphabet[(alphabet.index(token[at]) + shift) % 64] + token[at + 1 :]
    if at == len(token) - 1 and decode_or_refused(changed) == ("name", 7):
        return  # only the last character's unused bits differ
    assert decode_or_refused(changed) == "INVALID_PAGE_TOKEN"


def decode_or_refused(token: str) -> tuple[str | int, ...] | str:
    try:
        return decode(token)
    except Refused as refused:
        return refused.reason
