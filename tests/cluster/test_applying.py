"""What `kubectl apply` of an overlay makes of a cluster."""

from __future__ import annotations

import subprocess

from tests.homes.cluster import Cluster, built
from tests.homes.kubectl import kubectl, read


def test_applying_again_changes_nothing(cluster: Cluster) -> None:
    documents = built(cluster.overlay)
    before = {pod.name for pod in cluster.pods()}

    # It ends with 0 if there is no difference, and with 1 and the difference if there is one.
    difference = subprocess.run(
        ["kubectl", "diff", "-f", "-"], input=documents, check=False, capture_output=True, text=True
    )
    said = kubectl("apply", "-f", "-", text=documents)

    assert (difference.returncode, difference.stdout) == (0, ""), difference.stdout + difference.stderr
    # Of a budget kubectl sends the selector whatever it is: the server finds nothing in it to change.
    said_of_others = [line for line in said.splitlines() if not line.startswith("poddisruptionbudget.")]
    assert [line for line in said_of_others if not line.endswith(" unchanged")] == []
    assert {pod.name for pod in cluster.pods()} == before


def test_every_pod_has_its_proxy_and_none_was_started_again(cluster: Cluster) -> None:
    for item in read("pods")["items"]:
        spec, status = item["spec"], item["status"]
        names = [each["name"] for each in (*spec.get("initContainers", ()), *spec["containers"])]
        states = [*status.get("initContainerStatuses", ()), *status["containerStatuses"]]
        assert "istio-proxy" in names, item["metadata"]["name"]
        assert [each["restartCount"] for each in states] == [0] * len(states), item["metadata"]["name"]
