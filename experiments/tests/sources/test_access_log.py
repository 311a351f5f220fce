"""The access log as a source, on a real mesh whose second version of payment fails three calls of ten."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import pytest
from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient
from souk_mesh.control.messages import SplitRequest

from souk_canary.counts import Arm
from souk_canary.sources import SourceError
from souk_canary.sources.access_log import AccessLog
from tests.shop import ROOT, Shop, running
from tests.sources.entries import VERSIONS

CALLS = 400
GET = "/souk.payment.v1.PaymentService/GetPayment"
UNKNOWN = b"\n\x11payments/nobody-x"
"""GetPaymentRequest of a payment that there is not: an answer without a database full of payments."""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Shop]:
    """The shop with a bad version; calls are split in halves."""
    with running(tmp_path_factory.mktemp("shop"), ROOT / "experiments/overlays/payment-v2-bad") as shop:
        with ControlClient(shop.state.control_socket) as client:
            client.ask(methods.SPLIT, SplitRequest(service="payment", weights={"v1": 50, "v2": 50}))
        yield shop


@pytest.fixture
def source(shop: Shop) -> Iterator[AccessLog]:
    source = AccessLog(shop.state, VERSIONS, baseline="v1", candidate="v2")
    source.start()
    yield source
    source.close()


def call(shop: Shop, times: int) -> int:
    """Calls as the order service would; says how many calls failed."""
    (order,) = [pod for pod in json.loads(shop.souk("get", "pods", "-o", "json")) if pod["workload"] == "order"]
    failed = 0
    with grpc.insecure_channel(f"{order['virtual'][VERSIONS.host]}:50051") as channel:
        get = channel.unary_unary(GET)
        for _ in range(times):
            try:
                get(UNKNOWN, timeout=10)
            except grpc.RpcError as error:
                failed += error.code() is not grpc.StatusCode.NOT_FOUND  # type: ignore[attr-defined]
    return failed


def taken(source: AccessLog, attempts: int) -> tuple[Arm, Arm]:
    """All that was counted, once it is so much."""
    deadline = time.monotonic() + 10
    found: list[tuple[Arm, Arm]] = []
    while sum(arm.attempts for pair in found for arm in pair) < attempts:
        assert time.monotonic() < deadline, found
        counts = source.take()
        found.append((counts.baseline, counts.candidate))
        time.sleep(0.05)
    return _sum([pair[0] for pair in found]), _sum([pair[1] for pair in found])


def _sum(arms: list[Arm]) -> Arm:
    codes: dict[str, int] = {}
    for arm in arms:
        for code, number in arm.codes.items():
            codes[code] = codes.get(code, 0) + number
    slower = tuple(map(sum, zip(*(arm.slower for arm in arms), strict=True)))
    pods = {name: each for arm in arms for name, each in arm.pods.items()}
    return Arm(sum(arm.attempts for arm in arms), sum(arm.bad for arm in arms), slower, codes, pods)


def test_a_version_that_retries_hide_from_its_callers_is_seen_by_its_attempts(shop: Shop, source: AccessLog) -> None:
    failed = call(shop, CALLS)
    good, bad = taken(source, CALLS)
    assert failed < 0.05 * CALLS, "retries hide it"
    assert good.attempts + bad.attempts > CALLS, "what was tried again counts again"
    assert (good.bad, set(good.codes)) == (0, {"NOT_FOUND"})
    assert 0.2 < bad.bad / bad.attempts < 0.4
    assert bad.codes["UNAVAILABLE"] == bad.bad
    assert good.slower[0] > 0
    assert good.slower[-1] == 0
    ((pod, counts),) = bad.pods.items()
    assert pod.startswith("payment-v2-")
    assert counts.attempts > 0


def test_what_was_taken_is_not_taken_again(shop: Shop, source: AccessLog) -> None:
    call(shop, 20)
    taken(source, 20)
    time.sleep(1.0)  # Twice as long as anything is on its way; a second report would be here.
    source.take()
    assert source.take().baseline.attempts == 0


def test_a_second_observer_is_told_that_there_is_one_and_may_come_when_it_has_left(
    shop: Shop, source: AccessLog
) -> None:
    second = AccessLog(shop.state, VERSIONS, baseline="v1", candidate="v2")
    with pytest.raises(SourceError, match="somebody observes there already"):
        second.start()
    source.close()
    third = _started(shop)
    call(shop, 20)
    taken(third, 20)
    third.close()


def test_an_observer_that_was_killed_leaves_nothing_and_stands_in_nobodys_way(shop: Shop) -> None:
    program = (
        "import sys, time; from pathlib import Path; from souk_mesh.state import StateDir;"
        "from souk_canary.sources.access_log import AccessLog; from tests.sources.entries import VERSIONS;"
        "source = AccessLog(StateDir(Path(sys.argv[1])), VERSIONS, baseline='v1', candidate='v2');"
        "source.start(); print('observing', flush=True); time.sleep(60)"
    )
    with subprocess.Popen(
        [sys.executable, "-c", program, str(shop.home)], stdout=subprocess.PIPE, cwd=Path(__file__).parents[2]
    ) as observer:
        assert observer.stdout is not None
        assert observer.stdout.readline() == b"observing\n"
        observer.send_signal(signal.SIGKILL)
    assert call(shop, 20) <= 1, "requests do not mind"
    source = _started(shop)
    call(shop, 20)
    taken(source, 20)
    source.close()
    _until_gone(shop)


def _started(shop: Shop) -> AccessLog:
    """An observer; a mesh needs a moment to notice that the one before is no more."""
    deadline = time.monotonic() + 10
    while True:
        source = AccessLog(shop.state, VERSIONS, baseline="v1", candidate="v2")
        try:
            source.start()
            return source
        except SourceError:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def _until_gone(shop: Shop) -> None:
    deadline = time.monotonic() + 10
    while left := [each for each in os.listdir(shop.state.runtime) if each.endswith(".als") or each == "access.sock"]:
        assert time.monotonic() < deadline, left
        time.sleep(0.05)
