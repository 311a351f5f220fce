"""What is wrong between StatefulSets, Jobs and what is beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_check import SHOP, checked

from souk_mesh.check.changes import forbidden
from souk_mesh.objects import AnyObject, Malformed, ObjectKey, parse
from souk_mesh.overlays.loading import read
from souk_mesh.problems import Severity

STORE = """
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: souk}
spec: {clusterIP: None, selector: {app: db}, ports: [{name: tcp, port: 5432}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: souk}
spec:
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec:
      serviceAccountName: payment
      containers: [{name: db, image: souk/payment:1, volumeMounts: [{name: data, mountPath: /data}]}]
  volumeClaimTemplates: [{metadata: {name: data}, spec: {}}]
"""
ROUTE = """
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: db, namespace: souk}
spec: {hosts: [db], tcp: [{route: [{destination: {host: payment}}]}]}
"""
JOB = """
apiVersion: batch/v1
kind: Job
metadata: {name: seed, namespace: souk}
spec:
  template: {spec: {restartPolicy: Never, containers: [{name: seed, image: souk/payment:1}]}}
"""
UNCHANGEABLE = "can't be changed in an object that exists\n  give it another name, or remove it from the mesh first"


def test_a_stateful_set_with_its_headless_service_is_fine(tmp_path: Path) -> None:
    assert checked(SHOP + STORE, tmp_path) == ()


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("name: data, mountPath", "name: date, mountPath", 'volumeMounts[0].name "date" is no volume of the pod'),
        ("serviceAccountName: payment", "serviceAccountName: pay", 'spec.serviceAccountName "pay" is not defined'),
        ("matchLabels: {app: db}", "matchLabels: {app: store}", "does not match the labels of its own template"),
    ],
)
def test_its_pods_are_judged_as_those_of_a_deployment(old: str, new: str, said: str, tmp_path: Path) -> None:
    ((severity, text),) = [(each.severity, str(each)) for each in checked(SHOP + STORE.replace(old, new), tmp_path)]
    assert severity is Severity.ERROR
    assert said in text


@pytest.mark.parametrize(("old", "new"), [("serviceName: db", "serviceName: store"), ("clusterIP: None, ", "")])
def test_without_a_headless_service_its_pods_have_no_names(old: str, new: str, tmp_path: Path) -> None:
    (problem,) = checked(SHOP + STORE.replace(old, new), tmp_path)
    assert problem.severity is Severity.WARNING
    assert "is no headless Service" in str(problem)


def test_routes_of_a_headless_service_would_not_hold_for_its_pods(tmp_path: Path) -> None:
    (problem,) = checked(SHOP + STORE + ROUTE, tmp_path)
    assert problem.severity is Severity.ERROR
    assert 'VirtualService souk/db: spec.hosts[0] "db" is a headless Service' in str(problem)


def refusals(before: str, after: str) -> list[str]:
    return [str(each) for each in forbidden(held(before), held(after))]


def held(text: str) -> dict[ObjectKey, AnyObject]:
    objects, problems = read(text)
    assert problems == ()
    return {each.key: each for each in objects}


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("name: seed, image", "name: grow, image", "spec.template"),
        ("  template:", "  completions: 2\n  template:", "spec.completions"),
        ("  template:", "  parallelism: 2\n  template:", ""),
        ("name: seed, namespace", "name: grow, namespace", ""),
    ],
)
def test_what_kubernetes_lets_nobody_change_in_a_job(old: str, new: str, field: str) -> None:
    assert refusals(JOB, JOB.replace(old, new)) == ([f"error: Job souk/seed: {field} {UNCHANGEABLE}"] if field else [])


@pytest.mark.parametrize(
    ("old", "new", "field"),
    [
        ("serviceName: db", "serviceName: store", "spec.serviceName"),
        ("{name: data}, spec: {}}", "{name: data2}, spec: {}}", "spec.volumeClaimTemplates"),
        ("serviceName: db", "serviceName: db\n  podManagementPolicy: Parallel", "spec.podManagementPolicy"),
        ("matchLabels: {app: db}", "matchLabels: {app: store}", "spec.selector"),
        ("serviceName: db", "serviceName: db\n  replicas: 3", ""),
    ],
)
def test_what_kubernetes_lets_nobody_change_in_a_stateful_set(old: str, new: str, field: str) -> None:
    expected = [f"error: StatefulSet souk/db: {field} {UNCHANGEABLE}"] if field else []
    assert refusals(STORE, STORE.replace(old, new)) == expected


@pytest.mark.parametrize("kind", ["CronJob", "DaemonSet"])
def test_other_workloads_are_refused_by_name(kind: str) -> None:
    with pytest.raises(Malformed, match=f'"{kind}"'):
        parse({"apiVersion": "batch/v1", "kind": kind, "metadata": {"name": "a"}, "spec": {}})
