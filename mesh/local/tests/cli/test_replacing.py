"""Objects changed one at a time by programs that read them first, over the control API of a real mesh."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import pytest
from mesh_command import Souk, processes_of
from mesh_waiting import until

from souk_mesh.control import methods
from souk_mesh.control.client import ControlClient, ControlError, Outdated, Unanswered
from souk_mesh.control.messages import ApplyRequest, DeleteRequest, GetRequest, Nothing, ReplaceRequest
from souk_mesh.state import StateDir

SPARE = {
    "apiVersion": "networking.istio.io/v1",
    "kind": "DestinationRule",
    "metadata": {"name": "spare", "namespace": "demo"},
    "spec": {"host": "echo", "trafficPolicy": {"loadBalancer": {"simple": "RANDOM"}}},
}


@pytest.fixture
def control(mesh: Souk) -> Iterator[ControlClient]:
    with ControlClient(StateDir(mesh.home).control_socket) as client:
        yield client


@pytest.fixture
def rule(control: ControlClient) -> Iterator[Mapping[str, Any]]:
    """A VirtualService; it is as it was after each test."""
    before = read(control)
    yield before
    version = read(control)["metadata"]["resourceVersion"]
    restored = {**before, "metadata": {**before["metadata"], "resourceVersion": version}}
    control.ask(methods.REPLACE, ReplaceRequest(document=restored))


def read(control: ControlClient) -> Mapping[str, Any]:
    (found,) = control.ask(methods.GET, GetRequest(kind="VirtualService", namespace="demo", name="echo")).objects
    return found


def weighted(rule: Mapping[str, Any], *weights: int) -> dict[str, Any]:
    (entry,) = rule["spec"]["http"]
    routes = [{**route, "weight": weight} for route, weight in zip(entry["route"], weights, strict=True)]
    return {**rule, "spec": {**rule["spec"], "http": [{**entry, "route": routes}]}}


def annotated(rule: Mapping[str, Any], **annotations: str) -> dict[str, Any]:
    return {**rule, "metadata": {**rule["metadata"], "annotations": annotations}}


@contextmanager
def frozen_proxy(mesh: Souk, pod: str) -> Iterator[None]:
    (proxy,) = [
        pid for pid, words in processes_of(mesh.home).items() if "--config-path" in words and f"/{pod}/" in words
    ]
    os.kill(proxy, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(proxy, signal.SIGCONT)


def late(control: ControlClient) -> list[str]:
    return [each.pod for each in control.ask(methods.LATE, Nothing()).proxies]


def test_a_replaced_object_is_returned_as_it_is_stored(control: ControlClient, rule: Mapping[str, Any]) -> None:
    wanted = annotated(weighted(rule, 90, 10), note="mine")
    stored = control.ask(methods.REPLACE, ReplaceRequest(document=wanted)).document
    assert stored == read(control)
    assert int(stored["metadata"]["resourceVersion"]) > int(rule["metadata"]["resourceVersion"])  # type: ignore[index]
    assert {**stored, "metadata": {**wanted["metadata"], "resourceVersion": 0}} == {
        **wanted,
        "metadata": {**wanted["metadata"], "resourceVersion": 0},
    }


def test_of_two_who_read_the_same_only_the_first_replaces_it(control: ControlClient, rule: Mapping[str, Any]) -> None:
    control.ask(methods.REPLACE, ReplaceRequest(document=weighted(rule, 80, 20)))
    with pytest.raises(Outdated, match="VirtualService demo/echo is at version"):
        control.ask(methods.REPLACE, ReplaceRequest(document=weighted(rule, 20, 80)))
    assert [each["weight"] for each in read(control)["spec"]["http"][0]["route"]] == [80, 20]


def test_a_replacement_that_is_wrong_is_refused_with_the_reason(
    control: ControlClient, rule: Mapping[str, Any]
) -> None:
    wrong = {**rule, "spec": {**rule["spec"], "colour": "blue"}}
    nowhere = weighted(rule, 1, 1)
    nowhere["spec"]["http"][0]["route"][0]["destination"] = {"host": "echo", "subset": "v9"}
    unread = {**rule, "metadata": {"name": "echo", "namespace": "demo"}}
    for document, reason in (
        (wrong, "spec.colour is unknown"),
        (nowhere, 'subset "v9"'),
        (unread, "metadata.resourceVersion is required"),
    ):
        with pytest.raises(ControlError, match=reason) as caught:
            control.ask(methods.REPLACE, ReplaceRequest(document=document))
        assert type(caught.value) is ControlError, "a refusal is no conflict: reading again would not help"
    assert read(control) == rule


def test_a_proxy_that_does_not_answer_is_named_until_it_does(
    mesh: Souk, control: ControlClient, rule: Mapping[str, Any]
) -> None:
    ingress = next(name for name in mesh.pods() if name.startswith("ingress"))
    assert until(lambda: late(control), lambda found: not found) == []
    with frozen_proxy(mesh, ingress):
        control.ask(methods.REPLACE, ReplaceRequest(document=weighted(rule, 70, 30)))
        assert until(lambda: late(control), lambda found: len(found) < 2) == [ingress]
    assert until(lambda: late(control), lambda found: not found) == []


def test_a_change_of_annotations_alone_is_told_to_no_proxy(
    mesh: Souk, control: ControlClient, rule: Mapping[str, Any]
) -> None:
    ingress = next(name for name in mesh.pods() if name.startswith("ingress"))
    with frozen_proxy(mesh, ingress):
        # Who was told anything would be late from the moment of the change until it woke up.
        control.ask(methods.REPLACE, ReplaceRequest(document=annotated(rule, holder="a run")))
        assert late(control) == []
    assert read(control)["metadata"]["annotations"] == {"holder": "a run"}


def test_an_object_is_removed_unless_others_need_it(mesh: Souk, control: ControlClient) -> None:
    called = mesh("status").out.partition(":")[0]
    control.ask(methods.APPLY, ApplyRequest(name="", documents=(SPARE,), whole=False, port=None))
    assert "spare" in mesh("get", "dr").out
    control.ask(methods.DELETE, DeleteRequest(kind="DestinationRule", namespace="demo", name="spare"))
    assert "spare" not in mesh("get", "dr").out
    with pytest.raises(ControlError, match="there is no DestinationRule demo/spare"):
        control.ask(methods.DELETE, DeleteRequest(kind="DestinationRule", namespace="demo", name="spare"))
    with pytest.raises(ControlError, match="subset"):
        control.ask(methods.DELETE, DeleteRequest(kind="DestinationRule", namespace="demo", name="echo"))
    assert mesh("status").out.partition(":")[0] == called, "what is added in passing renames nothing"


def test_a_mesh_that_does_not_answer_is_told_apart_from_one_that_refuses(tmp_path: object) -> None:
    with (
        ControlClient(StateDir(tmp_path).control_socket) as client,  # type: ignore[arg-type]
        pytest.raises(Unanswered, match="does not answer"),
    ):
        client.ask(methods.LATE, Nothing())
