"""What a home promises, kept by a real API server: with KUBE=1, the one that kubectl speaks to.

It has to know Istio's resources; nothing else of Istio is needed.
"""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Iterator
from typing import Any

import pytest

from souk_canary import lease
from souk_canary.homes import Changed, HomeError, Key
from souk_canary.homes.cluster import Cluster
from souk_canary.homes.writing import MANAGER
from tests.homes.payment import MANIFEST, weighted

pytestmark = pytest.mark.skipif(
    "KUBE" not in os.environ, reason="no cluster: KUBE=1 uses the one that kubectl speaks to"
)

NAMESPACE = "souk-canary-test"
RULE = Key("VirtualService", NAMESPACE, "payment")
GITOPS = "gitops"


@pytest.fixture(scope="module")
def namespace() -> Iterator[str]:
    """A namespace for these tests."""
    _kubectl("create", "namespace", NAMESPACE)
    yield NAMESPACE
    _kubectl("delete", "namespace", NAMESPACE, "--wait=false")


@pytest.fixture
def home(namespace: str) -> Iterator[Cluster]:
    """A cluster to which a GitOps tool has applied the routes of payments, 90 to 10."""
    _apply(90, 10)
    yield Cluster()
    _kubectl("delete", "virtualservices,destinationrules", "--all", "-n", namespace)


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
    _patch("/spec/http/0/route/0/weight", 70)
    with pytest.raises(Changed):
        home.replace(weighted(dict(read), 50, 50))
    assert _weights(home.read(RULE)) == [70, 10]


def test_a_change_between_reading_and_writing_is_a_conflict(home: Cluster, monkeypatch: pytest.MonkeyPatch) -> None:
    read = home.read(RULE)
    monkeypatch.setattr(home, "read", lambda _: read)  # what it reads before it writes is already old
    _patch("/spec/http/0/timeout", "9s")
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
    assert MANAGER in _owners()
    assert "conflict" in _tried(90, 10)
    stored = home.replace(lease.with_lease(weighted(dict(stored), 90, 10), None))
    home.release(stored)
    assert MANAGER not in _owners()
    assert _tried(90, 10) == ""
    assert home.read(RULE)["spec"] == read["spec"]
    assert lease.ANNOTATION not in home.read(RULE)["metadata"].get("annotations", {})  # type: ignore[attr-defined]


def test_ownership_is_given_up_although_somebody_else_wrote_meanwhile(home: Cluster) -> None:
    stored = home.replace(weighted(dict(home.read(RULE)), 50, 50))
    _patch("/spec/http/0/timeout", "9s")
    home.release(stored)
    assert MANAGER not in _owners()
    assert _weights(home.read(RULE)) == [50, 50]


def test_giving_up_what_is_not_owned_writes_nothing(home: Cluster) -> None:
    read = home.read(RULE)
    home.release(read)
    assert home.read(RULE) == read


def test_a_cluster_without_such_pods_has_none(home: Cluster) -> None:
    assert list(home.pods(NAMESPACE, {"version": "v2"})) == []


def _apply(v1: int, v2: int) -> None:
    _kubectl(*_applying(), text=_manifest(v1, v2))


def _tried(v1: int, v2: int) -> str:
    """How the GitOps tool fares that applies the manifest again, without force."""
    done = subprocess.run(
        ["kubectl", *_applying()], input=_manifest(v1, v2), capture_output=True, text=True, check=False
    )
    return done.stderr


def _applying() -> tuple[str, ...]:
    return ("apply", "--server-side", f"--field-manager={GITOPS}", "-n", NAMESPACE, "-f", "-")


def _manifest(v1: int, v2: int) -> str:
    return MANIFEST.read_text().replace("weight: 90", f"weight: {v1}").replace("weight: 10", f"weight: {v2}")


def _patch(path: str, value: object) -> None:
    operation = [{"op": "replace", "path": path, "value": value}]
    _kubectl("patch", "virtualservice", "payment", "-n", NAMESPACE, "--type=json", "-p", json.dumps(operation))


def _owners() -> list[str]:
    found = _kubectl("get", "virtualservice", "payment", "-n", NAMESPACE, "-o", "json", "--show-managed-fields")
    return [entry["manager"] for entry in json.loads(found)["metadata"]["managedFields"]]


def _leased(document: dict[str, Any]) -> dict[str, Any]:
    return {
        **document,
        "metadata": {**document["metadata"], "annotations": {lease.ANNOTATION: '{"holder": "this test"}'}},
    }


def _weights(document: Any) -> list[int]:  # noqa: ANN401 (YAML)
    return [each["weight"] for each in document["spec"]["http"][0]["route"]]


def _kubectl(*arguments: str, text: str | None = None) -> str:
    done = subprocess.run(["kubectl", *arguments], input=text, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
