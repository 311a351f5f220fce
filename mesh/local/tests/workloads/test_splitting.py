"""Weights of a VirtualService."""

from __future__ import annotations

import pytest

from souk_mesh.objects import DestinationRule, HTTPRoute, VirtualService, parse
from souk_mesh.supervisor.splitting import CannotSplit, find, split


def rule(*routes: object) -> VirtualService:
    found = parse(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "VirtualService",
            "metadata": {"name": "payment", "namespace": "souk"},
            "spec": {"hosts": ["payment"], "http": list(routes)},
        }
    )
    assert isinstance(found, VirtualService)
    return found


def destinations() -> DestinationRule:
    found = parse(
        {
            "apiVersion": "networking.istio.io/v1",
            "kind": "DestinationRule",
            "metadata": {"name": "payment", "namespace": "souk"},
            "spec": {
                "host": "payment",
                "subsets": [{"name": "v1", "labels": {"version": "v1"}}, {"name": "v2", "labels": {"version": "v2"}}],
            },
        }
    )
    assert isinstance(found, DestinationRule)
    return found


def to(subset: str, weight: int) -> dict[str, object]:
    return {"destination": {"host": "payment", "subset": subset}, "weight": weight}


BOTH = {"route": [to("v1", 50), to("v2", 50)]}
PINNED = {
    "match": [{"headers": {"x-version": {"exact": "v2"}}}],
    "route": [{"destination": {"host": "payment", "subset": "v2"}}],
}


def weights(route: HTTPRoute) -> dict[str, int]:
    return {each.destination.subset: each.weight for each in route.route}


def test_every_route_that_splits_gets_the_weights_and_a_pinned_one_stays() -> None:
    changed = split("payment", rule(PINNED, BOTH, BOTH), {"v1": 90, "v2": 10}, [destinations()])
    assert weights(changed.spec.http[0]) == {"v2": 0}
    assert weights(changed.spec.http[1]) == weights(changed.spec.http[2]) == {"v1": 90, "v2": 10}


def test_a_subset_that_is_not_named_gets_nothing_and_can_come_back() -> None:
    all_v1 = split("payment", rule(BOTH), {"v1": 1}, [destinations()])
    assert weights(all_v1.spec.http[0]) == {"v1": 1, "v2": 0}
    back = split("payment", all_v1, {"v2": 3, "v1": 1}, [destinations()])
    assert weights(back.spec.http[0]) == {"v1": 1, "v2": 3}


def test_a_route_to_the_whole_service_can_be_split() -> None:
    plain = rule({"route": [{"destination": {"host": "payment"}}]})
    changed = split("payment", plain, {"v1": 9, "v2": 1}, [destinations()])
    assert weights(changed.spec.http[0]) == {"v1": 9, "v2": 1}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"v3": 1}, "no subset v3"),
        ({"v1": -1, "v2": 2}, "negative"),
        ({"v1": 0, "v2": 0}, "all weights are zero"),
    ],
)
def test_a_split_that_makes_no_sense_is_refused(wanted: dict[str, int], words: str) -> None:
    with pytest.raises(CannotSplit, match=words):
        split("payment", rule(BOTH), wanted, [destinations()])


def test_a_service_without_routes_is_named_with_those_that_have_some() -> None:
    with pytest.raises(CannotSplit, match="some for: payment"):
        find("order", [rule(BOTH)])


def test_subsets_are_known_by_any_name_of_the_service() -> None:
    full = "payment.souk.svc.cluster.local"
    changed = split(full, rule(BOTH), {"v1": 1, "v2": 1}, [destinations()])
    assert weights(changed.spec.http[0]) == {"v1": 1, "v2": 1}


def test_what_a_share_does_to_headers_stays() -> None:
    marked = {**to("v1", 50), "headers": {"response": {"set": {"x-version": "v1"}}}}
    changed = split("payment", rule({"route": [marked, to("v2", 50)]}), {"v1": 90, "v2": 10}, [destinations()])
    first, second = changed.spec.http[0].route
    assert (first.weight, first.headers.response.set, second.headers.response.set) == (90, {"x-version": "v1"}, {})


def test_a_route_that_answers_by_itself_is_not_split() -> None:
    with pytest.raises(CannotSplit, match="has no route that could be split"):
        split("payment", rule({"redirect": {"uri": "/a"}}), {"v1": 1}, [destinations()])
