"""Which requests are made, by the file that says so; and when, by the rate."""

from __future__ import annotations

import json
from itertools import islice
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from souk_canary.load.messages import DESCRIPTORS, Messages, UnknownMethod
from souk_canary.load.pace import Pace
from souk_canary.load.requests import BadRequests, Rest, Rpc, read
from tests.shop import ROOT

RPC = {"rpc": "souk.payment.v1.PaymentService/GetPayment", "as": "order", "to": "payment:50051"}


def written(tmp_path: Path, text: str, name: str = "requests.yaml") -> Path:
    file = tmp_path / name
    file.write_text(text)
    return file


@pytest.mark.parametrize("file", sorted((ROOT / "experiments/load").iterdir()), ids=lambda file: file.name)
def test_every_file_that_comes_with_the_experiments_says_what_the_protos_know(file: Path) -> None:
    requests, messages = read(file), Messages((ROOT / DESCRIPTORS).read_bytes())
    for each in (*requests.first, *requests.requests):
        if isinstance(each, Rpc):
            assert messages.written(each.rpc, each.message)


def test_values_are_others_for_each_request_and_the_same_within_it(tmp_path: Path) -> None:
    message = {"name": "payments/{uuid}", "deep": [{"again": "{uuid}"}], "number": "n-{number}"}
    requests = read(written(tmp_path, json.dumps({"requests": [{**RPC, "message": message}]})))
    first, second = islice(requests.endless(), 2)
    assert isinstance(first, Rpc)
    assert isinstance(second, Rpc)
    assert first.message["name"] == f"payments/{first.message['deep'][0]['again']}"
    assert first.message["name"] != second.message["name"]
    assert (first.message["number"], second.message["number"]) == ("n-1", "n-2")


def test_requests_are_drawn_by_their_weights(tmp_path: Path) -> None:
    rest = {"method": "GET", "path": "/v1/products", "weight": 3}
    requests = read(written(tmp_path, json.dumps({"requests": [RPC, rest]})))
    drawn = [isinstance(each, Rest) for each in islice(requests.endless(), 2000)]
    assert 0.7 < sum(drawn) / len(drawn) < 0.8


def test_recorded_requests_are_made_in_their_order_again_and_again(tmp_path: Path) -> None:
    lines = [RPC, {"method": "GET", "path": "/a"}, {"method": "GET", "path": "/b"}]
    requests = read(written(tmp_path, "\n".join(map(json.dumps, lines)), "recorded.jsonl"))
    kinds = [each.path if isinstance(each, Rest) else "rpc" for each in islice(requests.endless(), 5)]
    assert kinds == ["rpc", "/a", "/b", "rpc", "/a"]


@pytest.mark.parametrize(
    ("text", "name", "said"),
    [
        ("requests: []", "a.yaml", r"a\.yaml:1: requests: "),
        ("requests:\n  - rpc: nothing\n", "a.yaml", r"a\.yaml:2"),
        ('requests:\n  - {method: GET, path: "/a", verb: x}\n', "a.yaml", r"a\.yaml:2.*no such field"),
        ("{", "a.yaml", "is not YAML"),
        ('{"method": "GET", "path": "/a"}\n{"method": "GET"}', "a.jsonl", r"a\.jsonl:2: path: Field required"),
        ("", "a.jsonl", "has no requests"),
    ],
)
def test_a_file_that_says_what_cannot_be_is_refused_with_its_line(
    tmp_path: Path, text: str, name: str, said: str
) -> None:
    with pytest.raises(BadRequests, match=said):
        read(written(tmp_path, text, name))


def test_a_method_or_a_field_that_the_protos_lack_is_named() -> None:
    messages = Messages((ROOT / DESCRIPTORS).read_bytes())
    with pytest.raises(UnknownMethod, match=r"no method souk\.payment\.v1\.PaymentService/Pay"):
        messages.written("souk.payment.v1.PaymentService/Pay", {})
    with pytest.raises(UnknownMethod, match='no field named "nam"'):
        messages.written("souk.payment.v1.PaymentService/GetPayment", {"nam": "payments/a"})


@given(rate=st.floats(0.5, 5000), looks=st.lists(st.floats(0, 0.2), min_size=1, max_size=50))
def test_whenever_it_is_looked_so_many_were_sent_as_the_rate_says(rate: float, looks: list[float]) -> None:
    pace, sent, elapsed = Pace(rate), 0, 0.0
    for pause in looks:
        elapsed += pause
        sent += pace.due(sent, elapsed)
        assert sent == int(elapsed * rate) + 1
        assert elapsed + pace.pause(sent, elapsed) >= sent / rate - 1e-9
