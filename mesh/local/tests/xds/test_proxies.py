"""What callers and callees see, with real Envoys between them."""

from __future__ import annotations

import asyncio

import grpc
from shop import OTHER_METHOD, Behaviour, Run, Shop, ask
from shop_objects import ROUTE_V1, routed, split, with_v1

OK = grpc.StatusCode.OK
UNAVAILABLE = grpc.StatusCode.UNAVAILABLE

# 4.4 standard deviations: a sound split falls outside once in 100,000 runs.
SIGMAS = 4.4


def test_a_call_arrives_with_the_callers_identity_and_address(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        answer = await shop.call(metadata=[("x-forwarded-client-cert", "URI=spiffe://cluster.local/ns/souk/sa/admin")])
        assert answer.code is OK
        assert "URI=spiffe://cluster.local/ns/souk/sa/order" in answer.metadata["x-forwarded-client-cert"]
        assert "admin" not in answer.metadata["x-forwarded-client-cert"]
        assert "x-envoy-original-host" not in answer.metadata

    run(steps())


def test_the_callee_sees_the_name_that_was_called_not_an_address(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        for authority, seen in {
            None: "payment:50051",
            "payment:50051": "payment:50051",
            "payment.souk.svc.cluster.local:50051": "payment.souk.svc.cluster.local:50051",
        }.items():
            answer = await shop.call(authority=authority)
            entry = await shop.logged(answer.metadata["x-request-id"])
            assert entry["authority"] == seen
            assert entry["peer"] == "spiffe://cluster.local/ns/souk/sa/order"
            assert entry["downstream"].startswith(shop.pod("order").addresses.pod + ":")
            assert (entry["grpc_status"], entry["cluster"]) == ("OK", "inbound|50051||")

    run(steps())


def test_the_callee_sees_the_authority_that_the_share_of_its_version_sets(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        marked = "{destination: {host: payment, subset: v1}, weight: 1, headers: {request: {set: {host: v1.souk}}}}"
        await shop.change(routed(f"{{route: [{marked}, {{destination: {{host: payment, subset: v2}}, weight: 1}}]}}"))
        seen: dict[str, str] = {}
        while len(seen) < 2:
            answer = await shop.call()
            entry = await shop.logged(answer.metadata["x-request-id"])
            seen[answer.said] = entry["authority"]
        assert seen == {"v1": "v1.souk", "v2": "payment:50051"}

    run(steps())


def test_an_authority_that_is_no_name_of_the_service_is_not_saved(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        answer = await shop.call(authority="nobody:50051")
        assert answer.code is UNAVAILABLE
        assert sum(app.calls for app in shop.apps.values()) == 0

    run(steps())


def test_an_identity_that_no_rule_allows_is_denied(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        stranger = await shop.call("stranger")
        other_method = await shop.call(method=OTHER_METHOD)
        assert stranger.code is grpc.StatusCode.PERMISSION_DENIED
        assert stranger.details == "RBAC: access denied"
        assert other_method.code is grpc.StatusCode.PERMISSION_DENIED
        assert sum(app.calls for app in shop.apps.values()) == 0

    run(steps())


def test_a_denial_beats_an_allowance(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change("""
            apiVersion: security.istio.io/v1
            kind: AuthorizationPolicy
            metadata: {name: no-orders, namespace: souk}
            spec:
              action: DENY
              rules: [{from: [{source: {principals: ["*/sa/order"]}}], to: [{operation: {ports: ["50051"]}}]}]
        """)
        assert (await shop.call()).code is grpc.StatusCode.PERMISSION_DENIED

    run(steps())


def test_a_split_of_90_to_10_holds_over_2000_calls_and_a_change_of_it_is_acknowledged(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        statuses = await shop.change(split(90, 10))
        assert statuses[shop.pod("order").node].current
        assert abs(await _share_of_v2(shop, 2000) - 200) < SIGMAS * (2000 * 0.1 * 0.9) ** 0.5
        await shop.change(split(0, 100))
        assert await _share_of_v2(shop, 50) == 50
        await shop.change(split(1, 1))  # weights need not add up to 100
        assert abs(await _share_of_v2(shop, 400) - 200) < SIGMAS * 10

    run(steps())


def test_a_failure_that_never_ran_is_tried_again_on_another_pod(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        shop.apps["payment-v1"].behaviour = _abort(UNAVAILABLE)
        answers = [await shop.call() for _ in range(8)]
        assert {answer.said for answer in answers} == {"v2"}
        assert shop.apps["payment-v1"].calls > 0

    run(steps())


def test_retries_are_as_many_as_the_rule_says(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        app = shop.apps["payment-v1"]
        app.behaviour = _abort(UNAVAILABLE)
        for retries, attempts in (("", 3), ("retries: {attempts: 0}", 1), ("retries: {attempts: 4, backoff: 1ms}", 5)):
            await shop.change(with_v1(retries))
            app.calls = 0
            assert (await shop.call()).code is UNAVAILABLE
            assert app.calls == attempts, retries
        app.behaviour = _abort(grpc.StatusCode.INTERNAL)
        app.calls = 0
        assert (await shop.call()).code is grpc.StatusCode.INTERNAL
        assert app.calls == 1

    run(steps())


def test_a_route_gives_up_after_its_timeout(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        shop.apps["payment-v1"].behaviour = _sleep(3)
        await shop.change(with_v1("timeout: 100ms"))
        answer = await shop.call()
        # The callee's proxy is told the same deadline, and on a busy machine its clock may be read first.
        assert (answer.code, answer.details) in {
            (UNAVAILABLE, "upstream request timeout"),
            (grpc.StatusCode.DEADLINE_EXCEEDED, "downstream duration timeout"),
        }

    run(steps())


def test_without_a_timeout_the_callers_own_deadline_holds(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        shop.apps["payment-v1"].behaviour = _sleep(0.3)
        await shop.change(with_v1())
        assert (await shop.call(timeout=2)).code is OK
        # Whoever notices first: the caller itself, or its sidecar, which answers 504.
        assert (await shop.call(timeout=0.1)).code in (grpc.StatusCode.DEADLINE_EXCEEDED, UNAVAILABLE)

    run(steps())


def test_a_fault_is_answered_by_the_callers_own_sidecar(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        abort = "fault: {abort: {grpcStatus: RESOURCE_EXHAUSTED, percentage: {value: 100}}}"
        await shop.change(with_v1(abort))
        assert (await shop.call()).code is grpc.StatusCode.RESOURCE_EXHAUSTED
        assert shop.apps["payment-v1"].calls == 0
        await shop.change(with_v1("fault: {abort: {httpStatus: 503}}"))  # without a percentage: never
        assert (await shop.call()).code is OK
        await shop.change(with_v1("fault: {delay: {fixedDelay: 200ms, percentage: {value: 100}}}"))
        began = asyncio.get_running_loop().time()
        assert (await shop.call()).code is OK
        # Envoy's timers count in milliseconds of their own: the delay may seem a little shorter from outside.
        assert asyncio.get_running_loop().time() - began >= 0.19

    run(steps())


def test_requests_are_told_apart_by_header_path_and_authority(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        to_v2 = "route: [{destination: {host: payment, subset: v2}}]"
        await shop.change(
            routed(f"{{match: [{{headers: {{x-version: {{exact: v2}}}}}}], {to_v2}}}\n    - {{{ROUTE_V1}}}")
        )
        assert (await shop.call(metadata=[("x-version", "v2")])).said == "v2"
        assert (await shop.call()).said == "v1"
        # The authority is that of the name that was called, although what arrives at the sidecar is an address.
        await shop.change(
            routed(f'{{match: [{{authority: {{exact: "payment:50051"}}}}], {to_v2}}}\n    - {{{ROUTE_V1}}}')
        )
        assert (await shop.call()).said == "v2"
        assert (await shop.call(authority="payment.souk:50051")).said == "v1"
        await shop.change(routed(f"{{match: [{{uri: {{prefix: /souk.payment.v1.}}}}], {to_v2}}}"))
        assert (await shop.call()).said == "v2"
        assert (await shop.call(method="/other.Service/Method")).code is grpc.StatusCode.UNIMPLEMENTED  # no route: 404

    run(steps())


def test_a_subset_without_ready_pods_is_unavailable(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(with_v1())
        await shop.set_ready("payment-v1", ready=False)
        answer = await shop.call()
        assert (answer.code, answer.details) == (UNAVAILABLE, "no healthy upstream")

    run(steps())


def test_more_requests_than_the_bulkhead_holds_are_refused_at_once(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        shop.apps["payment-v1"].behaviour = _sleep(0.5)
        await shop.change(with_v1("retries: {attempts: 0}"))
        await shop.change(_rule("connectionPool: {http: {http2MaxRequests: 1}}"))
        answers = await asyncio.gather(*(shop.call() for _ in range(3)))
        assert sorted(answer.code.name for answer in answers) == ["OK", "UNAVAILABLE", "UNAVAILABLE"]
        assert any("overflow" in answer.details for answer in answers)

    run(steps())


def test_a_pod_that_keeps_failing_is_left_out(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        await shop.change(_rule("outlierDetection: {consecutive5xxErrors: 3, interval: 50ms, maxEjectionPercent: 50}"))
        shop.apps["payment-v2"].behaviour = _abort(UNAVAILABLE)
        async with asyncio.timeout(10):
            while not await shop.counter("order", "outlier_detection.ejections_active"):
                assert (await shop.call()).code is OK  # retried on v1
        calls = shop.apps["payment-v2"].calls
        assert {(await shop.call()).said for _ in range(10)} == {"v1"}
        assert shop.apps["payment-v2"].calls == calls

    run(steps())


def test_no_call_is_lost_while_routes_and_subsets_are_replaced(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        failures: list[str] = []
        done = asyncio.Event()

        async def callers() -> None:
            async with grpc.aio.insecure_channel(shop.payment_of("order")) as channel:
                while not done.is_set():
                    answer = await ask(channel)
                    if answer.code is not OK:
                        failures.append(f"{answer.code.name} {answer.details}")

        await shop.change(split(50, 50))
        traffic = [asyncio.create_task(callers()) for _ in range(4)]
        plain = [each for each in shop.objects if each.key.kind not in ("VirtualService", "DestinationRule")]
        full = list(shop.objects)
        for _ in range(10):
            shop.objects = plain  # the subsets go away together with the route that names them
            await shop.settle()
            await shop.set_ready("payment-v2", ready=False)
            await shop.set_ready("payment-v2", ready=True)
            shop.objects = full
            await shop.settle()
        done.set()
        await asyncio.gather(*traffic)
        assert failures == []
        assert sum(app.calls for app in shop.apps.values()) > 50

    run(steps())


async def _share_of_v2(shop: Shop, calls: int) -> int:
    async with grpc.aio.insecure_channel(shop.payment_of("order")) as channel:

        async def some(number: int) -> int:
            answers = [await ask(channel, timeout=20) for _ in range(number)]
            assert {answer.code for answer in answers} == {OK}
            return sum(answer.said == "v2" for answer in answers)

        return sum(await asyncio.gather(*(some(calls // 25) for _ in range(25))))


def _abort(code: grpc.StatusCode) -> Behaviour:
    async def behaviour(context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        await context.abort(code, "on purpose")

    return behaviour


def _sleep(seconds: float) -> Behaviour:
    async def behaviour(context: grpc.aio.ServicerContext[bytes, bytes]) -> None:
        await asyncio.sleep(seconds)

    return behaviour


def _rule(policy: str) -> str:
    return f"""
        apiVersion: networking.istio.io/v1
        kind: DestinationRule
        metadata: {{name: payment, namespace: souk}}
        spec:
          host: payment
          trafficPolicy: {{{policy}}}
          subsets: [{{name: v1, labels: {{version: v1}}}}, {{name: v2, labels: {{version: v2}}}}]
    """
