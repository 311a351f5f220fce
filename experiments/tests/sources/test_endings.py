"""How an attempt ended has the names that gRPC has for it."""

from __future__ import annotations

import grpc

from souk_canary.sources.endings import BLAMING, GRPC


def test_every_code_stands_at_its_number_under_the_name_that_grpc_gives_it() -> None:
    assert {code.value[0]: code.name for code in grpc.StatusCode} == dict(enumerate(GRPC))


def test_the_codes_that_blame_the_server_are_codes() -> None:
    assert set(GRPC) > BLAMING
