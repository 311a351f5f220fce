"""Every bad request has its answer, in the one shape of errors, and the next one is served."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO

import pytest
from souk_gateway.testing import HOST, Answer, Backend, Gateway

from .cases import CASES, CREATE, JSON, Case, request, table

PAGE = Path(__file__).resolve().parents[4] / "docs" / "bad-input.md"
ALL = [pytest.param(case, id=f"{kind}: {case.what}") for kind, cases in CASES.items() for case in cases]


@contextmanager
def connected(gateway: Gateway, content: bytes) -> Iterator[BinaryIO]:
    """What comes back on a connection of its own."""
    with (
        socket.create_connection((HOST, gateway.port), timeout=10) as connection,
        connection.makefile("rb") as received,
    ):
        with suppress(OSError):  # it needn't hear all of what it refuses
            connection.sendall(content)
        yield received


def answer(received: BinaryIO) -> Answer:
    status = int(received.readline().split()[1])
    lines = iter(lambda: received.readline().decode().strip(), "")
    headers = {key.lower(): value.strip() for key, _, value in (line.partition(":") for line in lines)}
    return Answer(status, headers, received.read(int(headers["content-length"])))


def is_over(received: BinaryIO) -> bool:
    """Whether the gateway closes the connection without another word."""
    try:
        return received.read(1) == b""
    except ConnectionResetError:
        return True


@pytest.mark.parametrize("case", ALL)
def test_a_bad_request_gets_its_answer_and_the_next_one_is_served(
    case: Case, gateway: Gateway, backend: Backend
) -> None:
    with connected(gateway, case.sent) as received:
        came = answer(received)
    assert came.status == case.status
    if case.reason:
        assert came.headers["content-type"] == "application/json"
        assert (came.reason, set(came.json)) == (case.reason, {"code", "message", "details"})
    assert gateway.call("GET", "/v1/products/mug").status == 200
    assert gateway.proxy.poll() is None


def test_what_follows_a_body_is_a_request_of_its_own_and_never_part_of_another(gateway: Gateway) -> None:
    hidden = request("GET /v1/nothing HTTP/1.1")
    with connected(gateway, request(CREATE, f"{JSON}content-length: 2\r\n", b"{}") + hidden) as received:
        assert [answer(received).status, answer(received).status] == [200, 404]


@pytest.mark.parametrize(
    "case", [case for case in CASES["Where the body ends"] if case.reason], ids=lambda case: case.what
)
def test_where_the_end_of_a_body_is_in_doubt_nothing_after_it_is_read(case: Case, gateway: Gateway) -> None:
    with connected(gateway, case.sent + request("GET /v1/products/mug HTTP/1.1")) as received:
        assert answer(received).status == case.status
        assert is_over(received)


def test_the_page_lists_every_case() -> None:
    assert table() in PAGE.read_text(), f"docs/bad-input.md should have this table:\n\n{table()}\n"
