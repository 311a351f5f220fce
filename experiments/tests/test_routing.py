"""Weights are read and written on every route that splits the service, and on nothing else."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st
from souk_mesh.objects import DestinationRule, VirtualService
from souk_mesh.supervisor import splitting

from souk_canary import routing
from souk_canary.routing import CannotSplit

PAYMENT = Path(__file__).parents[2] / "mesh/istio/traffic/payment.yaml"


def to(weights: Mapping[str, int], host: str = "payment") -> dict[str, Any]:
    """A route with a destination for each subset."""
    return {
        "route": [{"destination": {"host": host, "subset": subset}, "weight": weights[subset]} for subset in weights]
    }


def rule(*routes: Mapping[str, Any], host: str = "payment") -> dict[str, Any]:
    return {
        "kind": "VirtualService",
        "metadata": {"name": host, "namespace": "souk"},
        "spec": {"hosts": [host], "http": list(routes)},
    }


def shipped() -> Sequence[dict[str, Any]]:
    documents = list(yaml.safe_load_all(PAYMENT.read_text()))
    for document in documents:
        document["metadata"]["namespace"] = "souk"
    return documents


def test_every_route_that_splits_the_service_gets_the_new_weights() -> None:
    before = rule(to({"v1": 90, "v2": 10}), to({"v1": 90, "v2": 10}))
    assert routing.with_weights("payment", before, {"v1": 50, "v2": 50}) == rule(
        to({"v1": 50, "v2": 50}), to({"v1": 50, "v2": 50})
    )


def test_a_route_to_one_fixed_version_stays_beside_one_that_splits() -> None:
    fixed = {"match": [{"headers": {"x-beta": {"exact": "1"}}}], **to({"v2": 100})}
    before = rule(fixed, to({"v1": 90, "v2": 10}))
    assert routing.with_weights("payment", before, {"v1": 0, "v2": 100}) == rule(fixed, to({"v1": 0, "v2": 100}))


def test_a_route_for_some_that_splits_is_the_split_and_the_plain_one_for_all_others_stays() -> None:
    some = {"match": [{"headers": {"x-beta": {"exact": "1"}}}], **to({"v1": 90, "v2": 10})}
    before = rule(some, to({"v1": 100}))
    assert routing.weights("payment", before) == {"v1": 90, "v2": 10}


def test_a_route_with_one_subset_is_split_where_none_splits_and_put_back_as_it_was() -> None:
    before = rule(to({"v1": 100}))
    split = routing.with_weights("payment", before, {"v1": 90, "v2": 10})
    assert routing.weights("payment", split) == {"v1": 90, "v2": 10}
    assert routing.with_weights("payment", split, routing.weights("payment", before)) == before


def test_a_single_destination_without_a_weight_gets_everything() -> None:
    document = rule({"route": [{"destination": {"host": "payment", "subset": "v1"}}]})
    assert routing.weights("payment", document) == {"v1": 100}


def test_the_document_that_was_given_is_not_changed() -> None:
    before = rule(to({"v1": 90, "v2": 10}))
    routing.with_weights("payment", before, {"v1": 0, "v2": 100})
    assert before == rule(to({"v1": 90, "v2": 10}))


def test_what_stands_beside_a_weight_stays() -> None:
    before = rule(to({"v1": 90, "v2": 10}))
    before["spec"]["http"][0]["route"][1]["headers"] = {"response": {"set": {"x-version": "v2"}}}
    after = routing.with_weights("payment", before, {"v1": 50, "v2": 50})
    assert after["spec"]["http"][0]["route"][1]["headers"] == {"response": {"set": {"x-version": "v2"}}}  # type: ignore[index]


def test_routes_that_split_differently_are_refused() -> None:
    with pytest.raises(CannotSplit, match="split differently: v1=90 v2=10; v1=50 v2=50"):
        routing.weights("payment", rule(to({"v1": 90, "v2": 10}), to({"v1": 50, "v2": 50})))


def test_a_rule_without_subsets_is_refused() -> None:
    document = rule({"route": [{"destination": {"host": "payment"}}]})
    with pytest.raises(CannotSplit, match="no route splits requests over subsets of payment"):
        routing.weights("payment", document)


def test_the_rule_for_the_host_is_found_before_one_that_splits_to_it() -> None:
    edge = rule(to({"v1": 90, "v2": 10}), host="shop")
    own = rule(to({"v1": 90, "v2": 10}, "payment.souk.svc.cluster.local"), host="payment.souk")
    assert routing.find("payment", "souk", [edge, own]) is own
    assert routing.find("payment", "souk", [edge]) is edge
    with pytest.raises(CannotSplit, match="no VirtualService in souk routes calls to order"):
        routing.find("order", "souk", [edge, own])


def test_subsets_are_known_with_their_labels() -> None:
    assert routing.subsets("payment", "souk", shipped()[1:]) == {"v1": {"version": "v1"}, "v2": {"version": "v2"}}


def test_a_shared_split_takes_everything_from_other_subsets_and_keeps_them() -> None:
    assert routing.shared({"v1": 80, "v2": 10, "old": 10}, "v1", "v2", 25) == {"v1": 75, "v2": 25, "old": 0}


@settings(deadline=None)
@given(st.integers(0, 100))
def test_the_shipped_rule_is_split_as_the_mesh_itself_would(percent: int) -> None:
    document, destinations = shipped()
    wanted = {"v1": 100 - percent, "v2": percent}
    typed = VirtualService.model_validate(document)
    by_mesh = splitting.split("payment", typed, wanted, [DestinationRule.model_validate(destinations)])
    ours = VirtualService.model_validate(routing.with_weights("payment", document, wanted))
    assert ours.spec == by_mesh.spec


HOSTS = (
    *("payment", "payment.souk", "payment.souk.svc", "payment.souk.svc.cluster.local", "payment.souk.svc.cluster"),
    *("payment.staging", "payment.staging.svc.cluster.local", "souk.payment", "order", "pay", "*", ""),
)


@pytest.mark.parametrize("host", HOSTS)
@pytest.mark.parametrize("namespace", ["souk", "staging"])
def test_the_tool_and_the_mesh_mean_the_same_service_by_a_host(host: str, namespace: str) -> None:
    assert routing.means("payment", host, namespace) == splitting.names("payment", host, namespace)
