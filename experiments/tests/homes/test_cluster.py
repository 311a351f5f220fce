"""What a home promises, kept by a real API server: with KUBE=1, the one that kubectl speaks to.

It has to know Istio's resources; nothing else of Istio is needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from souk_canary import lease
from souk_canary.homes import Changed, HomeError, Key
from souk_canary.homes.cluster import Cluster
from souk_canary.homes.writing import MANAGER
from tests.homes.api_server import NAMESPACE, RULE, applied_again, edit, needed, owners, payments
from tests.homes.payment import weighted

pytestmark = needed


@pytest.fixture
def home(there: None) -> Iterator[Cluster]:
    """A cluster to which a GitOps tool has applied the routes of payments, 90 to 10."""
    with payments(90, 10):
        yield Cluster()


def test_weights_and_a_lease_are_written_in_one_go(home: Cluster) -> None:
    read = home.read(RULE)
    stored = home.replace(_leased(weighted(dict(read), 50, 50)))
    assert stored == home.read(RULE)
    assert _weights(stored) == [50, 50]
    assert lease.ANNOTATION in stored["metadata"]["annotations"]  # type: ignore[index]


def test_all_objects_of_a_kind_are_listed_with_their_versions(home: Cluster) -> None:
    assert list(home.list("VirtualService", NAMESPACE)) == [home.read(RULE)]
    assert [each["kind"] for each in home.list("DestinationRule", NAMESPACE)] == ["DestinationRule"]


def test_an_object_that_somebody_else_has_changed_is_not_written(home: Cluster) -> None:
    read = home.read(RULE)
    edit("/spec/http/0/route/0/weight", 70)
    with pytest.raises(Changed):
        home.replace(weighted(dict(read), 50, 50))
    assert _weights(home.read(RULE)) == [70, 10]


def test_a_change_between_reading_and_writing_is_a_conflict(home: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    read = home.read(RULE)
    monkeypatch.setattr(home, "read", lambda _: read)  # what it reads before it writes is already old
    edit("/spec/http/0/timeout", "9s")
    with pytest.raises(Changed, match="the object has been modified"):
        home.replace(weighted(dict(read), 50, 50))


def test_what_the_server_refuses_is_told_in_its_words(home: Cluster) -> None:
    with pytest.raises(HomeError, match=r"weight.*must be of type integer"):
        home.replace(weighted(dict(home.read(RULE)), "many", 10))  # type: ignore[arg-type]


def test_an_object_that_is_not_there(home: Cluster) -> None:
    with pytest.raises(HomeError, match='"absent" not found'):
        home.read(Key("VirtualService", NAMESPACE, "absent"))


def test_while_it_runs_an_experiment_owns_what_it_wrote_and_at_the_end_nothing(home: Cluster) -> None:
    read = home.read(RULE)
    stored = home.replace(_leased(weighted(dict(read), 50, 50)))
    assert MANAGER in owners()
    assert "conflict" in applied_again(90, 10)
    stored = home.replace(lease.with_lease(weighted(dict(stored), 90, 10), None))
    home.release(stored)
    assert MANAGER not in owners()
    assert applied_again(90, 10) == ""
    assert home.read(RULE)["spec"] == read["spec"]
    assert lease.ANNOTATION not in home.read(RULE)["metadata"].get("annotations", {})  # type: ignore[attr-defined]


def test_ownership_is_given_up_although_somebody_else_wrote_meanwhile(home: Cluster) -> None:
    stored = home.replace(weighted(dict(home.read(RULE)), 50, 50))
    edit("/spec/http/0/timeout", "9s")
    home.release(stored)
    assert MANAGER not in owners()
    assert _weights(home.read(RULE)) == [50, 50]


def test_giving_up_what_is_not_owned_writes_nothing(home: Cluster) -> None:
    read = home.read(RULE)
    home.release(read)
    assert home.read(RULE) == read


def test_a_version_has_the_pods_with_its_labels(home: Cluster) -> None:
    (pod,) = home.pods(NAMESPACE, {"app.kubernetes.io/name": "payment", "version": "v2"})
    assert (pod.name, pod.ready, pod.restarts) == ("payment-v2", True, 0)
    assert list(home.pods(NAMESPACE, {"version": "v3"})) == []


def _leased(document: dict[str, Any]) -> dict[str, Any]:
    return {
        **document,
        "metadata": {**document["metadata"], "annotations": {lease.ANNOTATION: '{"holder": "this test"}'}},
    }


def _weights(document: Any) -> list[int]:  # noqa: ANN401 (YAML)
    return [each["weight"] for each in document["spec"]["http"][0]["route"]]
