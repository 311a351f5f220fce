"""Pods that are deleted come back by themselves."""

from __future__ import annotations

from functools import partial

from tests.homes import Home, Pod
from tests.rest import Rest
from tests.rollout.changes import ready
from tests.rollout.requests import Goods
from tests.waiting import awaited


def replaced(home: Home, pod: Pod) -> bool:
    return bool(ready(home, pod.deployment) - {pod.name})


def test_whichever_pod_is_deleted_another_takes_its_place_and_orders_go_through(home: Home, goods: Goods) -> None:
    rest = Rest(f"http://{home.address}")
    order = {"lines": [{"product": goods.product, "quantity": 1}], "cardToken": "tok_visa"}
    for pod in home.pods():
        home.end(pod.name)
        awaited(partial(replaced, home, pod), f"{pod.name} is replaced", home.patience)

        placed = rest.post("/v1/customers/heir/orders", order)

        assert rest.settled_state(str(placed.body.get("name"))) == "STATE_CONFIRMED", placed
