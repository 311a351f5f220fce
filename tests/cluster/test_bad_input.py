"""What a pod says when something that it needs is not there: one line of its log, or one event."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator, Mapping

import pytest

from tests.homes.cluster import Cluster, built
from tests.homes.kubectl import apply, kubectl, read, shop
from tests.mesh import ROOT
from tests.waiting import awaited

PROBE = "payment-probe"


def copy_of_payment(cluster: Cluster, url: Mapping[str, object]) -> None:
    """A Deployment of its own, whose pods are like those of payment but for their DATABASE_URL."""
    document = json.loads(json.dumps(cluster.read("deployment", "payment-v1")).replace("payment-v1", PROBE))
    spec = document["spec"]["template"]["spec"]
    for container in (*spec["initContainers"], *spec["containers"]):
        container["env"] = [each for each in container["env"] if each["name"] != "DATABASE_URL"]
        container["env"] += [{"name": "DATABASE_URL", **url}, {"name": "DATABASE_WAIT_SECONDS", "value": "2"}]
    apply(json.dumps(document))


@pytest.fixture(autouse=True)
def removed(cluster: Cluster) -> Iterator[None]:
    """Nothing of it stays."""
    yield
    shop("delete", "deployment", PROBE, "--ignore-not-found", "--cascade=foreground")


def migrating(cluster: Cluster) -> str:
    """What the init container of the probe has said last; nothing while the node is exchanging it for another."""
    for pod in cluster.pods(PROBE):
        for each in read("pod", pod.name)["status"].get("initContainerStatuses", ()):
            if each["name"] == "migrate" and each["restartCount"]:
                said = shop("logs", pod.name, "--container=migrate", "--previous")
                return "" if said.startswith("unable to retrieve container logs") else said
    return ""


def said_last(cluster: Cluster) -> str:
    """The last line of what the migration has said, once it was tried."""
    said: list[str] = []

    def tried() -> bool:
        said[:] = migrating(cluster).splitlines()
        return bool(said)

    awaited(tried, "the migration has been tried", cluster.patience)
    return said[-1]


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql+psycopg://payment@nowhere:5432/payment", "failed to resolve host 'nowhere'"),
        ("postgresql+psycopg://payment@postgres:5432/nothing", 'database "nothing" does not exist'),
        ("postgresql+psycopg://nobody@postgres:5432/payment", 'role "nobody" does not exist'),
        ("mysql://payment@postgres/payment", "must start with sqlite:/// or postgresql+psycopg://"),
    ],
)
def test_a_wrong_database_url_is_told_in_the_last_line_of_the_log(cluster: Cluster, url: str, why: str) -> None:
    copy_of_payment(cluster, {"value": url})

    last = said_last(cluster)

    assert "DATABASE_URL" in last
    assert why in last


def test_a_missing_secret_is_told_in_an_event(cluster: Cluster) -> None:
    copy_of_payment(cluster, {"valueFrom": {"secretKeyRef": {"name": "nobodys-database", "key": "url"}}})

    def events() -> list[str]:
        found = json.loads(shop("get", "events", "--field-selector=type=Warning", "-o", "json"))["items"]
        return [each["message"] for each in found if each["involvedObject"]["name"].startswith(PROBE)]

    awaited(
        lambda: 'Error: secret "nobodys-database" not found' in events(),
        "the missing secret is named",
        cluster.patience,
    )


def test_a_cluster_without_istio_says_so_in_one_line_for_each_object_that_it_does_not_know(cluster: Cluster) -> None:
    # Istio's kinds under a group that there isn't: to a cluster that has Istio, what they are to one without it.
    unknown = built(cluster.overlay).replace("istio.io/v1", "istio.absent/v1")

    said = subprocess.run(
        ["kubectl", "apply", "--dry-run=server", "-f", "-"], input=unknown, capture_output=True, text=True, check=False
    )

    _, _, section = (ROOT / "docs/operations.md").read_text().partition("## When it does not start")
    symptom = 'no matches for kind "VirtualService" in version "networking.istio.{}/v1"'
    assert symptom.format("io") in section
    assert said.returncode == 1
    assert symptom.format("absent") in said.stderr
    assert said.stderr.count("ensure CRDs are installed first") == unknown.count(".istio.absent/v1\n")


def test_a_namespace_that_says_nothing_of_injection_gets_sidecars_all_the_same(cluster: Cluster) -> None:
    template = cluster.read("deployment", "catalog")["spec"]["template"]
    container = {"name": "app", "image": "souk/catalog:1.0.0"}
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "unlabelled", "namespace": "default", "labels": template["metadata"]["labels"]},
        "spec": {"containers": [container]},
    }
    assert "istio-injection" not in read("namespace", "default")["metadata"]["labels"]

    made = json.loads(kubectl("create", "--dry-run=server", "-f", "-", "-o", "json", text=json.dumps(pod)))

    assert "istio-proxy" in [each["name"] for each in made["spec"]["initContainers"]]
