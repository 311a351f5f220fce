"""A load on the real shop: at the rate that was asked for, and gone when nobody wants it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from souk_canary.load import Generator, LoadError
from tests.shop import ROOT, Shop

PAYMENTS = ROOT / "experiments/load/payments.yaml"


def until(holds: Callable[[], object], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_calls_are_made_at_the_rate_that_was_asked_for_with_the_identity_of_the_caller(shop: Shop) -> None:
    with Generator(PAYMENTS, rate=50, state=shop.state) as load:
        until(lambda: load.report.seconds >= 3)
        report = load.report
    assert report.achieved == pytest.approx(50, rel=0.1)
    assert set(report.ended) == {"OK"}, "the gateway, say, might not authorize a payment"
    assert report.unsent == 0


def test_requests_from_outside_go_through_the_gateway(shop: Shop, tmp_path: Path) -> None:
    file = tmp_path / "recorded.jsonl"
    file.write_text(json.dumps({"method": "GET", "path": "/v1/products/{uuid}"}))
    with Generator(file, rate=20, state=shop.state) as load:
        until(lambda: sum(load.report.ended.values()) >= 20)
        assert set(load.report.ended) == {"HTTP 404"}


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"as": "nobody"}, "no pod of nobody is ready"),
        ({"to": "nothing:50051"}, "order sees no Service nothing"),
        ({"rpc": "souk.payment.v1.PaymentService/Pay"}, "there is no method"),
    ],
)
def test_requests_that_cannot_be_made_are_refused_before_the_first(
    shop: Shop, tmp_path: Path, change: dict[str, str], said: str
) -> None:
    file = tmp_path / "recorded.jsonl"
    call = {"rpc": "souk.payment.v1.PaymentService/GetPayment", "as": "order", "to": "payment:50051", **change}
    file.write_text(json.dumps(call))
    with pytest.raises(LoadError, match=said):
        Generator(file, rate=1, state=shop.state).start()


def test_a_load_ends_with_the_process_that_wanted_it_even_if_that_is_killed(shop: Shop) -> None:
    program = (
        "import sys, time; from pathlib import Path; from souk_mesh.state import StateDir;"
        "from souk_canary.load import Generator;"
        "load = Generator(Path(sys.argv[2]), rate=5, state=StateDir(Path(sys.argv[1]))); load.start();"
        "print(load._process.pid, flush=True); time.sleep(60)"
    )
    command = [sys.executable, "-c", program, str(shop.home), str(PAYMENTS)]
    with subprocess.Popen(command, stdout=subprocess.PIPE) as parent:
        assert parent.stdout is not None
        load = int(parent.stdout.readline())
        os.kill(load, 0)
        parent.send_signal(signal.SIGKILL)
    until(lambda: not Path(f"/proc/{load}").exists())
