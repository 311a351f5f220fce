"""What an experiment may write on an object."""

from __future__ import annotations

import copy
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import pytest

from souk_canary.homes import HomeError
from souk_canary.homes.writing import MANAGER, disowned, patch
from souk_canary.lease import ANNOTATION as LEASE
from tests.homes.payment import stored, weighted


def test_a_new_split_writes_its_weights_and_nothing_else() -> None:
    assert [each["path"] for each in patch(stored(90, 10), stored(50, 50))[1:]] == [
        "/spec/http/0/route/0/weight",
        "/spec/http/0/route/1/weight",
    ]
    assert applied(stored(90, 10), patch(stored(90, 10), stored(50, 50))) == stored(50, 50)


def test_a_weight_that_stays_is_not_written() -> None:
    three, wanted = _three(90, 10, 0), _three(80, 10, 10)
    assert [each["path"] for each in patch(three, wanted)[1:]] == [
        "/spec/http/0/route/0/weight",
        "/spec/http/0/route/2/weight",
    ]


def test_the_version_that_was_read_is_the_condition() -> None:
    first, *_ = patch(stored(90, 10), stored(50, 50))
    assert first == {"op": "replace", "path": "/metadata/resourceVersion", "value": "1207"}


def test_nothing_to_change_is_no_request() -> None:
    assert patch(stored(), stored()) == []


def test_what_the_server_adds_is_no_change() -> None:
    wanted = stored(50, 50)
    for name in ("generation", "uid"):
        del wanted["metadata"][name]
    assert len(patch(stored(90, 10), wanted)) == 3


def test_a_lease_comes_and_goes_with_the_weights_and_leaves_other_annotations() -> None:
    leased = _annotated(stored(95, 5), {"team": "payments", LEASE: "{}"})
    assert applied(stored(), patch(stored(), leased)) == leased
    assert applied(leased, patch(leased, stored())) == stored()


def test_a_lease_on_an_object_without_annotations() -> None:
    bare, leased = _annotated(stored(), {}), _annotated(stored(), {LEASE: "{}"})
    del bare["metadata"]["annotations"]
    assert applied(bare, patch(bare, leased)) == leased


def test_a_weight_on_the_only_destination_comes_and_goes() -> None:
    single = stored()
    del single["spec"]["http"][0]["route"][1]
    weighty = copy.deepcopy(single)
    del single["spec"]["http"][0]["route"][0]["weight"]
    assert applied(single, patch(single, weighty)) == weighty
    assert applied(weighty, patch(weighty, single)) == single


def test_a_version_that_had_no_share_yet_is_added_as_a_destination() -> None:
    single = stored()
    del single["spec"]["http"][0]["route"][1]
    assert [each["path"] for each in patch(single, stored())[1:]] == ["/spec/http/0/route"]
    assert applied(single, patch(single, stored())) == stored()


@pytest.mark.parametrize(
    ("change", "named"),
    [
        (lambda rule: rule["spec"]["http"][0].update(timeout="9s"), r"spec\.http\[0\]\.timeout"),
        (lambda rule: rule["spec"]["http"].pop(), r"spec\.http"),
        (lambda rule: rule["spec"].update(hosts=["pay"]), r"spec\.hosts"),
        (lambda rule: rule["metadata"]["annotations"].update(team="risk"), r"metadata\.annotations\.team"),
        (lambda rule: rule["metadata"].update(labels={"a": "b"}), r"metadata\.labels"),
    ],
)
def test_anything_else_is_refused(change: Callable[[dict[str, Any]], object], named: str) -> None:
    wanted = stored(50, 50)
    change(wanted)
    with pytest.raises(HomeError, match=named):
        patch(stored(90, 10), wanted)


def test_at_the_end_only_our_entries_leave_the_list_of_owners() -> None:
    owners = [_owner("kustomize-controller"), _owner(MANAGER), _owner("kubectl-edit"), _owner(MANAGER)]
    held = stored() | {"metadata": stored()["metadata"] | {"managedFields": owners}}
    assert disowned(held) == [
        {"op": "replace", "path": "/metadata/resourceVersion", "value": "1207"},
        {"op": "remove", "path": "/metadata/managedFields/3"},
        {"op": "remove", "path": "/metadata/managedFields/1"},
    ]


def test_an_object_that_we_own_nothing_of_is_left_alone() -> None:
    assert disowned(stored() | {"metadata": stored()["metadata"] | {"managedFields": [_owner("argocd")]}}) == []


def applied(document: dict[str, Any], operations: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """What a server makes of a JSON patch (RFC 6902), as far as these go."""
    result = copy.deepcopy(document)
    for operation in operations:
        *parents, last = (each.replace("~1", "/").replace("~0", "~") for each in operation["path"].split("/")[1:])
        place: Any = result
        for each in parents:
            place = place[int(each) if isinstance(place, list) else each]
        name = int(last) if isinstance(place, list) else last
        if operation["op"] == "remove":
            del place[name]
        else:
            place[name] = operation["value"]
    return result


def _annotated(rule: dict[str, Any], annotations: Mapping[str, str]) -> dict[str, Any]:
    return rule | {"metadata": rule["metadata"] | {"annotations": annotations}}


def _owner(name: str) -> Mapping[str, Any]:
    return {"manager": name, "operation": "Update", "fieldsV1": {}}


def _three(*weights: int) -> dict[str, Any]:
    rule = weighted(stored(), *weights[:2])
    third = copy.deepcopy(rule["spec"]["http"][0]["route"][1]) | {"weight": weights[2]}
    third["destination"]["subset"] = "v3"
    rule["spec"]["http"][0]["route"].append(third)
    return rule
