"""How a gateway starts and stops."""

import signal
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from time import monotonic, sleep

from souk_gateway.testing import Backend, Gateway, running


def test_a_call_that_runs_is_finished_and_readiness_fails_meanwhile(backend: Backend, tmp_path: Path) -> None:
    backend.release.clear()
    backend.entered.clear()
    with running(backend.environment, tmp_path / "log") as gateway, ThreadPoolExecutor(1) as pool:
        slow = pool.submit(gateway.call, "GET", "/v1/products/slow")
        assert backend.entered.wait(5)
        gateway.proxy.send_signal(signal.SIGTERM)
        until = monotonic() + 5
        while gateway.call("GET", "/healthz").status == 200 and monotonic() < until:
            sleep(0.02)
        assert gateway.call("GET", "/healthz").status == 503
        # Who hasn't heard of it yet is still served, and told to go elsewhere.
        late = gateway.call("GET", "/v1/products/mug")
        assert (late.status, late.headers["connection"]) == (200, "close")
        backend.release.set()
        assert slow.result(5).status == 200
        assert gateway.proxy.wait(10) == 0


def test_a_gateway_that_carries_nothing_ends_soon(backend: Backend, tmp_path: Path) -> None:
    with running(backend.environment, tmp_path / "log") as gateway:
        gateway.proxy.send_signal(signal.SIGTERM)
        started = monotonic()
        assert gateway.proxy.wait(10) == 0
    assert monotonic() - started < 4


def test_envoy_dies_with_a_supervisor_that_is_killed(backend: Backend, tmp_path: Path) -> None:
    with running({**backend.environment, "TMPDIR": str(tmp_path)}, tmp_path / "log") as gateway:
        gateway.proxy.kill()
        until = monotonic() + 5
        while answers(gateway) and monotonic() < until:
            sleep(0.02)
        assert not answers(gateway)


def answers(gateway: Gateway) -> bool:
    try:
        return gateway.call("GET", "/healthz").status == 200
    except OSError:
        return False


def test_a_gateway_without_backends_says_which_and_does_not_start() -> None:
    environment = {"PORT": "1", "CATALOG_ADDRESS": "catalog:50051", "ORDER_ADDRESS": "order:50051"}
    command = [sys.executable, "-m", "souk_gateway", "proxy"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=10, check=False)
    assert ended.returncode == 2
    assert ended.stderr.splitlines() == [
        "error: INVENTORY_ADDRESS is not set: "
        "give where souk.inventory.v1.InventoryService is, such as inventory:50051",
        "error: PAYMENT_ADDRESS is not set: give where souk.payment.v1.PaymentService is, such as payment:50051",
    ]
