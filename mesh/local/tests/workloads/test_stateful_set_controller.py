"""StatefulSets, with real processes."""

from __future__ import annotations

from pathlib import Path

from controlled import SLEEPS, Controlled, workload

from souk_mesh.workloads.pod import PodRunner

CLAIM = {"metadata": {"name": "data"}, "spec": {}}
OTHER = f"{SLEEPS}  # another template"


def ready(mesh: Controlled, *names: str) -> bool:
    return sorted(pod.identity.name for pod in mesh.pods if pod.ready) == list(names) and len(mesh.pods) == len(names)


def code(pod: PodRunner) -> str:
    return pod.identity.template.spec.containers[0].args[0]


def test_pods_have_numbers_labels_and_claims_of_their_own(tmp_path: Path) -> None:
    mesh = Controlled(tmp_path, workload("StatefulSet", SLEEPS, replicas=2, volumeClaimTemplates=[CLAIM]))

    async def story() -> None:
        await mesh.until(lambda: ready(mesh, "a-0", "a-1"))
        second = mesh.pod("a-1").identity
        assert second.labels["apps.kubernetes.io/pod-index"] == "1"
        assert second.labels["statefulset.kubernetes.io/pod-name"] == "a-1"
        assert second.labels["app"] == "a"
        (volume,) = second.template.spec.volumes
        assert volume.persistent_volume_claim is not None
        assert (volume.name, volume.persistent_volume_claim.claim_name) == ("data", "data-a-1")

    mesh.run(story)
    assert mesh.begun == ["a-0", "a-1"]


def test_a_changed_template_reaches_the_highest_number_first(tmp_path: Path) -> None:
    mesh = Controlled(tmp_path, workload("StatefulSet", SLEEPS, replicas=3))

    async def story() -> None:
        await mesh.until(lambda: ready(mesh, "a-0", "a-1", "a-2"))
        mesh.change(workload("StatefulSet", OTHER, replicas=3))
        await mesh.until(lambda: ready(mesh, "a-0", "a-1", "a-2") and all(code(pod) == OTHER for pod in mesh.pods))
        assert mesh.ended == ["a-2", "a-1", "a-0"]

    mesh.run(story)
    assert mesh.begun == ["a-0", "a-1", "a-2", "a-2", "a-1", "a-0"]


def test_a_pod_below_the_partition_keeps_its_template_also_when_it_comes_back(tmp_path: Path) -> None:
    mesh = Controlled(tmp_path, workload("StatefulSet", SLEEPS, replicas=2))
    partition = {"type": "RollingUpdate", "rollingUpdate": {"partition": 1}}

    async def story() -> None:
        await mesh.until(lambda: ready(mesh, "a-0", "a-1"))
        mesh.change(workload("StatefulSet", OTHER, replicas=2, updateStrategy=partition))
        await mesh.until(lambda: ready(mesh, "a-0", "a-1") and code(mesh.pod("a-1")) == OTHER)
        before = mesh.pod("a-0")
        mesh.controllers.pods.delete(before)
        await mesh.until(lambda: ready(mesh, "a-0", "a-1") and mesh.pod("a-0") is not before)
        assert code(mesh.pod("a-0")) == SLEEPS

    mesh.run(story)


def test_in_parallel_all_pods_come_at_once_and_go_at_once(tmp_path: Path) -> None:
    parallel = {"podManagementPolicy": "Parallel"}
    mesh = Controlled(tmp_path, workload("StatefulSet", SLEEPS, replicas=3, **parallel))

    async def story() -> None:
        mesh.controllers.reconcile()  # one look, in which no pod can become ready
        assert len(mesh.pods) == 3
        await mesh.until(lambda: ready(mesh, "a-0", "a-1", "a-2"))
        mesh.change(workload("StatefulSet", SLEEPS, replicas=1, **parallel))
        await mesh.until(lambda: ready(mesh, "a-0"))

    mesh.run(story)
    assert sorted(mesh.ended[:2]) == ["a-1", "a-2"]


def test_what_is_not_to_be_replaced_stays_until_somebody_deletes_it(tmp_path: Path) -> None:
    mesh = Controlled(tmp_path, workload("StatefulSet", SLEEPS))

    async def story() -> None:
        await mesh.until(lambda: ready(mesh, "a-0"))
        before = mesh.pod("a-0")
        mesh.change(workload("StatefulSet", OTHER, updateStrategy={"type": "OnDelete"}))
        mesh.controllers.reconcile()
        assert mesh.ended == []
        mesh.controllers.pods.delete(before)
        await mesh.until(lambda: ready(mesh, "a-0") and mesh.pod("a-0") is not before)
        assert code(mesh.pod("a-0")) == OTHER

    mesh.run(story)
