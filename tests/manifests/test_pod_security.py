"""Every pod of every overlay is one that a namespace with Pod Security's `restricted` takes."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.manifests.overlays import Overlay, load, pod
from tests.manifests.pod_security import violations

ENFORCE, WARN = "pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/warn"


def namespace_labels(overlay: Overlay) -> dict[str, str]:
    (namespace,) = overlay.of("Namespace")
    return dict(namespace.labels)


def test_no_pod_asks_for_what_restricted_refuses(overlay: Overlay) -> None:
    assert overlay.of("Deployment")
    assert not [f"{each}: {said}" for each in overlay.of("Deployment") for said in violations(pod(each))]


def test_every_kind_of_pod_is_a_deployment_and_so_looked_at(overlay: Overlay) -> None:
    assert not overlay.of("Pod", "StatefulSet", "DaemonSet", "Job", "CronJob", "ReplicaSet")


def test_production_enforces_it() -> None:
    assert namespace_labels(load("prod"))[ENFORCE] == "restricted"


def test_on_a_small_cluster_it_is_relaxed_for_what_istio_injects_and_still_warned_of() -> None:
    prod, lab = namespace_labels(load("prod")), namespace_labels(load("prod-lab"))
    assert lab[WARN] == "restricted"
    assert {name for name in prod.keys() | lab.keys() if prod.get(name) != lab.get(name)} == {ENFORCE, "istio.io/rev"}


def of_container(name: str, value: object) -> Callable[[dict[str, Any]], None]:
    """Changes one field of a container's security context."""

    def change(spec: dict[str, Any]) -> None:
        spec["containers"][0]["securityContext"][name] = value

    return change


CHANGES: dict[str, Callable[[dict[str, Any]], None]] = {
    "the network of the node": lambda spec: spec.update(hostNetwork=True),
    "a folder of the node": lambda spec: spec.update(volumes=[{"name": "x", "hostPath": {"path": "/"}}]),
    "a setting of the kernel": lambda spec: spec["securityContext"].update(sysctls=[{"name": "kernel.msgmax"}]),
    "all rights": of_container("privileged", True),
    "a way to more rights": of_container("allowPrivilegeEscalation", None),
    "capabilities that were not dropped": of_container("capabilities", {}),
    "what the injected container asks for": of_container("capabilities", {"drop": ["ALL"], "add": ["NET_ADMIN"]}),
    "any user": of_container("runAsNonRoot", False),
    "root": of_container("runAsUser", 0),
    "any system call": of_container("seccompProfile", {"type": "Unconfined"}),
    "all of /proc": of_container("procMount", "Unmasked"),
    "a port of the node": lambda spec: spec["containers"][0]["ports"][0].update(hostPort=80),
    "a probe of another host": lambda spec: spec["containers"][0].update(
        readinessProbe={"httpGet": {"host": "169.254.169.254", "port": 80}}
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_a_pod_is_refused_that_asks_for(change: Callable[[dict[str, Any]], None]) -> None:
    (order,) = [each for each in load("prod").of("Deployment") if each.name == "order"]
    spec = copy.deepcopy(dict(pod(order)))
    change(spec)
    assert len(violations(spec)) == 1
