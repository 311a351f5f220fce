from __future__ import annotations

import grpc
from shop import METHOD, OTHER_METHOD, V1, Run, Shop, ask, routed, split

OK = grpc.StatusCode.OK


def test_a_call_arrives_with_the_callers_identity(shop: Shop, run: Run) -> None:
    async def steps() -> None:
        answer = await shop.call()
        assert answer.code is OK, (answer, shop.logs())
        assert "URI=spiffe://cluster.local/ns/souk/sa/order" in answer.metadata["x-forwarded-client-cert"]

    run(steps())
