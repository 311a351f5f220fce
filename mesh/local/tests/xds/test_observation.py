"""What proxies tell an observer, with real Envoys: every attempt once, and nothing when nobody observes."""

from __future__ import annotations

import asyncio
import signal
from dataclasses import replace
from pathlib import Path

import grpc
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry
from observer import Told, observer
from shop import METHOD, Run, Shop, ask

OK, UNAVAILABLE = grpc.StatusCode.OK, grpc.StatusCode.UNAVAILABLE

RETRIES = """
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: payment, namespace: souk}
spec:
  hosts: [payment]
  http:
    - route: [{destination: {host: payment}}]
      retries: {attempts: 2, retryOn: "unavailable,connect-failure,reset", perTryTimeout: 300ms}
"""


async def switch(shop: Shop, *, observed: bool) -> None:
    shop.publisher.observe(observed=observed)
    await shop.settle()


def attempts(told: Told) -> list[tuple[str, str, str]]:
    """By whom each was told of, which of its request it was, and how it ended."""
    return sorted(
        (pod, entry.request.request_headers["x-envoy-attempt-count"], _end(entry)) for pod, entry in told.entries
    )


def _end(entry: HTTPAccessLogEntry) -> str:
    response = entry.response
    status = response.response_trailers.get("grpc-status") or response.response_headers.get("grpc-status", "")
    flags = [field.name for field, _ in entry.common_properties.response_flags.ListFields()]
    return " ".join([status, *flags]).strip()


def _began(entry: HTTPAccessLogEntry) -> int:
    return int(entry.common_properties.start_time.ToNanoseconds())


def test_a_request_is_told_of_by_the_callee_with_the_status_that_its_trailers_carry(shop: Shop, run: Run) -> None:
    async def late_failure(context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        # An answer first, and then the error: a failure in the trailers of a 200.
        await context.write(b"")
        await context.abort(grpc.StatusCode.INTERNAL, "after all")

    async def steps() -> None:
        async with observer(shop.observer_socket) as told:
            await switch(shop, observed=True)
            assert (await shop.call()).code is OK
            for app in shop.apps.values():
                app.behaviour = late_failure
            assert (await shop.call()).code is grpc.StatusCode.INTERNAL
            await told.until(lambda entries: len(entries) == 2)
        # Each proxy tells in its own time.
        (good, bad) = sorted((entry for _, entry in told.entries), key=_began)
        assert {pod for pod, _ in told.entries} <= {"payment-v1", "payment-v2"}
        assert (good.request.path, _end(good)) == (METHOD, "0")
        assert good.common_properties.custom_tags["cluster"] == "inbound|50051||"
        assert good.common_properties.duration.ToMicroseconds() > 0
        assert (bad.response.response_code.value, bad.response.response_trailers["grpc-status"]) == (200, "13")
        await switch(shop, observed=False)

    run(steps())


def test_every_attempt_of_a_call_is_told_of_once(shop: Shop, run: Run) -> None:
    async def fail(context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        await context.abort(UNAVAILABLE, "no")

    async def steps() -> None:
        await shop.change(RETRIES)
        shop.apps["payment-v1"].behaviour = shop.apps["payment-v2"].behaviour = fail
        async with observer(shop.observer_socket) as told:
            await switch(shop, observed=True)
            assert (await shop.call()).code is UNAVAILABLE
            await told.until(lambda entries: len(entries) >= 3)
            assert [(number, end) for _, number, end in sorted(attempts(told), key=lambda each: each[1])] == [
                ("1", "14"),
                ("2", "14"),
                ("3", "14"),
            ]
        await switch(shop, observed=False)

    run(steps())


def test_what_does_not_arrive_is_told_of_by_the_caller_and_by_nobody_else(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(RETRIES)
        nowhere = replace(shop.pod("payment-v1"), name="nowhere")
        nowhere = replace(nowhere, addresses=replace(nowhere.addresses, pod=f"{shop.net}.9.1"))
        shop.pods = [*(replace(each, ready=False) if "payment" in each.name else each for each in shop.pods), nowhere]
        await shop.settle()
        async with observer(shop.observer_socket) as told:
            await switch(shop, observed=True)
            assert (await shop.call()).code is UNAVAILABLE
            await told.until(lambda entries: len(entries) >= 3)
            assert attempts(told) == [("order", number, "upstream_connection_failure") for number in "123"]
            clusters = {entry.common_properties.custom_tags["cluster"] for _, entry in told.entries}
            assert clusters == {"outbound|50051||payment.souk.svc.cluster.local"}
            told.entries.clear()
            shop.pods = [each for each in shop.pods if each is not nowhere]
            await shop.settle()
            assert (await shop.call()).code is UNAVAILABLE
            await told.until(lambda entries: entries)
            assert attempts(told) == [("order", "1", "14 no_healthy_upstream")]
            clusters = {entry.common_properties.custom_tags["cluster"] for _, entry in told.entries}
            assert clusters == {"outbound|50051||payment.souk.svc.cluster.local"}
        await switch(shop, observed=False)

    run(steps())


def test_an_attempt_without_an_answer_in_time_is_told_of_by_the_caller_as_a_timeout(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(RETRIES)
        async with observer(shop.observer_socket) as told:
            # An attempt that still waits for a connection has no time limit of its own.
            async with asyncio.timeout(5):
                while not all(app.calls for app in shop.apps.values()):
                    await shop.call()
            await switch(shop, observed=True)
            # A callee's proxy that only waits for its application gives up in the same moment, and may answer first.
            frozen = [shop.proxies[name] for name in ("payment-v1", "payment-v2")]
            for proxy in frozen:
                proxy.send_signal(signal.SIGSTOP)
            try:
                assert (await shop.call()).code is not OK
                await told.until(lambda entries: len(entries) >= 3)
                assert attempts(told) == [("order", number, "upstream_request_timeout") for number in "123"]
            finally:
                for proxy in frozen:
                    proxy.send_signal(signal.SIGCONT)
            await told.until(lambda entries: len(entries) == 6)
        await switch(shop, observed=False)

    run(steps())


def test_what_a_caller_gave_up_is_told_of_by_the_callee_without_an_answer(shop: Shop, run: Run) -> None:
    async def hang(context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        await asyncio.sleep(2)

    async def steps() -> None:
        shop.apps["payment-v1"].behaviour = shop.apps["payment-v2"].behaviour = hang
        async with observer(shop.observer_socket) as told:
            await switch(shop, observed=True)
            async with grpc.aio.insecure_channel(shop.payment_of("order")) as channel:
                call: grpc.aio.UnaryUnaryCall[bytes, bytes] = channel.unary_unary(METHOD)(b"")
                async with asyncio.timeout(5):
                    while not any(app.calls for app in shop.apps.values()):
                        await asyncio.sleep(0.005)
                call.cancel()
                await told.until(lambda entries: entries)
            ((pod, _, end),) = attempts(told)
            assert (pod.rpartition("-")[0], end) == ("payment", "downstream_remote_reset")
        await switch(shop, observed=False)

    run(steps())


def test_an_attempt_whose_callee_dies_with_its_proxy_is_told_of_by_the_caller(shop: Shop, run: Run) -> None:
    async def die(context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        for name in ("payment-v1", "payment-v2"):
            shop.proxies[name].kill()
        await asyncio.sleep(2)

    async def steps() -> None:
        shop.apps["payment-v1"].behaviour = shop.apps["payment-v2"].behaviour = die
        async with observer(shop.observer_socket) as told:
            await switch(shop, observed=True)
            assert (await shop.call()).code is UNAVAILABLE
            await told.until(lambda entries: entries)
            assert attempts(told)[0] == ("order", "1", "upstream_connection_termination")
        for name in ("payment-v1", "payment-v2"):
            await _restarted(shop, name)
        await switch(shop, observed=False)

    run(steps())


def test_who_comes_to_observe_disturbs_no_open_connection_and_hears_nothing_once_it_has_left(
    shop: Shop, run: Run
) -> None:
    async def steps() -> None:
        async with (
            grpc.aio.insecure_channel(shop.payment_of("order")) as channel,
            observer(shop.observer_socket) as told,
        ):
            assert (await ask(channel)).code is OK
            connections = [await _connections(shop, name) for name in ("order", "payment-v1", "payment-v2")]
            assert connections[0] > 0
            assert sum(connections[1:]) > 0
            for observed in (True, False):
                await switch(shop, observed=observed)
                for _ in range(20):
                    assert (await ask(channel)).code is OK
            await told.until(lambda entries: len(entries) >= 20)
            await asyncio.sleep(0.5)  # Two flushes: what was logged would be here.
            assert len(told.entries) == 20
            after = [await _connections(shop, name) for name in ("order", "payment-v1", "payment-v2")]
            assert after[0] == connections[0]
            assert sum(after[1:]) <= sum(connections[1:]) + 1, "the second version may have been called first only now"

    run(steps())


async def _restarted(shop: Shop, name: str) -> None:
    """Starts a proxy that was killed, and returns when it takes calls."""
    await shop.proxies[name].wait()
    node = shop.pod(name).node
    async with asyncio.timeout(10):
        while shop.ads.status()[node].connected:
            await asyncio.sleep(0.005)
        await shop.start_proxy(shop.pod(name))
        while not (await shop.ads.acknowledged(10, [node]))[node].current:
            pass


async def _connections(shop: Shop, name: str) -> int:
    """All that a proxy's listeners ever took, without those to its admin page."""
    text = await shop.admin(name, "/stats?filter=^http\\.(out|in)bound.*downstream_cx_total")
    return sum(int(line.rpartition(": ")[2]) for line in text.splitlines() if "downstream_cx_total: " in line)


def test_a_proxy_that_starts_while_somebody_observes_tells_at_once(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        async with observer(shop.observer_socket) as told:
            await switch(shop, observed=True)
            await shop.set_ready("payment-v1", ready=False)
            shop.proxies["payment-v2"].kill()
            await _restarted(shop, "payment-v2")
            async with asyncio.timeout(10):
                while (await shop.call()).code is not OK:
                    pass
            await told.until(lambda entries: any(pod == "payment-v2" and _end(each) == "0" for pod, each in entries))
        await switch(shop, observed=False)

    run(steps())


def test_requests_do_not_wait_for_an_observer_that_has_died(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await switch(shop, observed=True)
        async with grpc.aio.insecure_channel(shop.payment_of("order")) as channel:
            answers = [(await ask(channel, timeout=1)).code for _ in range(100)]
        assert set(answers) == {OK}
        await switch(shop, observed=False)

    run(steps())


def test_an_observer_that_does_not_listen_costs_no_request_time_and_no_proxy_memory(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        deaf = await asyncio.start_unix_server(lambda reader, writer: asyncio.sleep(60), shop.observer_socket)
        await switch(shop, observed=True)
        async with grpc.aio.insecure_channel(shop.payment_of("order")) as channel:
            assert {(await ask(channel, timeout=1)).code for _ in range(100)} == {OK}
            before = _private(shop)
            for _ in range(200):
                await asyncio.gather(*(ask(channel) for _ in range(20)))
        # Some 2 MB of entries for each of the two.
        assert _private(shop) - before < 1 << 20
        await switch(shop, observed=False)
        deaf.close()
        shop.observer_socket.unlink()

    run(steps())


def _private(shop: Shop) -> int:
    """The memory that the first version's proxy has for itself, in bytes."""
    rollup = Path(f"/proc/{shop.proxies['payment-v1'].pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) * 1024 for line in rollup if line.startswith("Private_"))
