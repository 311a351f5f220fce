"""What an error looks like on the wire: trailers alone, with a reason that programs can read."""

from __future__ import annotations

import re

import grpc
import pytest

from tests.api import Rpc, rpcs
from tests.contract.calls import Calls
from tests.contract.frames import HEADERS, answer
from tests.contract.rules import base

RPCS = list(rpcs())
# Refused by the validator, by the parser, and (where something has to exist) by the service's rules.
WRONG = {"empty": b"", "malformed": b"\xff\xff", "well formed": None}


@pytest.mark.parametrize("rpc", RPCS, ids=str)
def test_an_error_is_trailers_alone_from_the_service_and_through_the_mesh(calls: Calls, rpc: Rpc) -> None:
    seen = 0
    for request in WRONG.values():
        message = base(rpc.request).SerializeToString() if request is None else request
        refused = calls.answer(rpc, message)
        if refused.code is grpc.StatusCode.OK:
            continue
        seen += 1
        assert refused.domain == "souk.dev", str(refused)
        assert re.fullmatch("[A-Z][A-Z0-9_]+", refused.reason), str(refused)
        for place in (calls.service_at[rpc.path], calls.mesh_at[rpc.path]):
            (only,) = answer(place, rpc.path, message, {"grpc-timeout": "10S"})
            assert (only.kind, only.ends) == (HEADERS, True)
    assert seen, "no request was refused"


def test_an_answer_that_is_no_error_has_headers_and_a_message_before_its_trailers(calls: Calls) -> None:
    path = "/souk.catalog.v1.CatalogService/ListProducts"

    frames = answer(calls.mesh_at[path], path, b"", {"grpc-timeout": "10S"})

    assert len(frames) > 2
    assert [frame.ends for frame in frames] == [False] * (len(frames) - 1) + [True]
