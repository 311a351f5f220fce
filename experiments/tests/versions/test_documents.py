"""The objects of two versions side by side, and how they become again what they were."""

from __future__ import annotations

import copy
from typing import Any

from souk_canary import routing
from souk_canary.versions import documents

ROUTE = {"destination": {"host": "order", "port": {"number": 50051}}}
RULE: dict[str, Any] = {
    "kind": "VirtualService",
    "metadata": {"name": "order", "namespace": "souk", "annotations": {"theirs": "kept"}},
    "spec": {
        "hosts": ["order"],
        "http": [
            {"match": [{"uri": {"exact": "/read"}}], "route": [ROUTE], "timeout": "3s"},
            {"match": [{"uri": {"exact": "/write"}}], "route": [{**ROUTE, "weight": 100}]},
            {"match": [{"uri": {"prefix": "/old"}}], "route": [{"destination": {"host": "catalog"}}]},
        ],
    },
}
DEPLOYMENT: dict[str, Any] = {
    "apiVersion": "apps/v1",
    "kind": "Deployment",
    "metadata": {"name": "order", "namespace": "souk"},
    "spec": {
        "replicas": 3,
        "selector": {"matchLabels": {"app.kubernetes.io/name": "order", "app.kubernetes.io/instance": "order"}},
        "template": {
            "metadata": {
                "labels": {
                    "app.kubernetes.io/name": "order",
                    "app.kubernetes.io/instance": "order",
                    "app.kubernetes.io/version": "1.0.0",
                    "version": "v1",
                }
            },
            "spec": {
                "initContainers": [{"name": "migrate", "image": "souk/order:1.0.0"}],
                "containers": [{"name": "app", "image": "souk/order:1.0.0"}],
            },
        },
    },
}
SERVICE = {"kind": "Service", "metadata": {}, "spec": {"selector": {"app.kubernetes.io/name": "order"}}}


def test_every_route_to_the_service_leads_to_the_baseline_and_no_other_route_is_touched() -> None:
    changed = documents.with_versions("order", RULE)
    read, write, other = changed["spec"]["http"]  # type: ignore[index]
    assert routing.weights("order", changed) == {"baseline": 100, "candidate": 0}
    assert read["timeout"] == "3s"
    assert write["route"][1]["destination"] == {**ROUTE["destination"], "subset": "candidate"}
    assert other == RULE["spec"]["http"][2]


def test_what_was_changed_is_restored_to_the_letter_and_other_annotations_stay() -> None:
    changed = documents.with_versions("order", RULE)
    assert documents.altered(changed)
    assert documents.restored(changed) == RULE
    assert not documents.altered(RULE)
    bare = {**RULE, "metadata": {"name": "order", "namespace": "souk"}}
    assert documents.restored(documents.with_versions("order", bare)) == bare


def test_a_copy_has_pods_that_stand_behind_the_service_and_belong_to_no_other_deployment() -> None:
    before = copy.deepcopy(DEPLOYMENT)
    made: Any = documents.copied(DEPLOYMENT, "order", "baseline", "git-abc")
    labels = made["spec"]["template"]["metadata"]["labels"]
    assert labels == {
        "app.kubernetes.io/name": "order",
        "app.kubernetes.io/instance": "order-baseline",
        "version": "baseline",
    }
    assert made["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert not DEPLOYMENT["spec"]["selector"]["matchLabels"].items() <= labels.items()
    assert (made["metadata"]["name"], made["spec"]["replicas"]) == ("order-baseline", 1)
    assert documents.images(made) == ["souk/order:git-abc"]
    assert documents.made(made)
    assert before == DEPLOYMENT, "the original is not written to"


def test_the_working_tree_is_what_every_image_is_that_has_no_other_tag() -> None:
    assert documents.images(documents.copied(DEPLOYMENT, "order", "candidate", None)) == ["souk/order:1.0.0"]


def test_copies_are_never_copied() -> None:
    made = documents.copied(DEPLOYMENT, "order", "baseline", None)
    assert documents.template_of(SERVICE, [made, DEPLOYMENT]) is DEPLOYMENT
    assert documents.template_of(SERVICE, [made]) is None
