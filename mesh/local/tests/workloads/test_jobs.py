"""Jobs, with real processes."""

from __future__ import annotations

from pathlib import Path

from controlled import Controlled, workload

from souk_mesh.objects import ObjectKey
from souk_mesh.workloads.backoff import FIRST
from souk_mesh.workloads.completions import Outcome
from souk_mesh.workloads.container import Phase
from souk_mesh.workloads.jobs import JobState
from souk_mesh.workloads.pod import PodPhase

KEY = ObjectKey("Job", "default", "a")


def failing(folder: Path, times: int) -> str:
    """Code that notes each run and fails the first few."""
    runs = str(folder / "runs")
    return (
        f"import os; open({runs!r}, 'a').write(os.environ['POD'] + '\\n'); "
        f"raise SystemExit(len(open({runs!r}).readlines()) <= {times})"
    )


def runs(folder: Path) -> list[str]:
    return (folder / "runs").read_text().split()


def finished(mesh: Controlled) -> bool:
    return mesh.controllers.job(KEY).outcome is not Outcome.RUNNING


def test_a_job_runs_once_and_its_proxy_ends_with_it(tmp_path: Path) -> None:
    mesh = Controlled(tmp_path, workload("Job", failing(tmp_path, 0), "Never"))

    async def story() -> None:
        await mesh.until(lambda: finished(mesh))
        assert mesh.controllers.job(KEY) == JobState(Outcome.COMPLETE, succeeded=1, failures=0)
        (pod,) = mesh.pods
        assert pod.phase is PodPhase.SUCCEEDED
        assert pod.states["istio-proxy"].phase is Phase.STOPPED
        assert pod.pids == ()
        assert not pod.ready

    mesh.run(story)
    assert len(runs(tmp_path)) == 1


def test_a_pod_that_is_never_restarted_is_followed_by_another_after_a_pause(tmp_path: Path) -> None:
    mesh = Controlled(tmp_path, workload("Job", failing(tmp_path, 1), "Never", backoffLimit=1))

    async def story() -> None:
        await mesh.until(lambda: finished(mesh))
        assert mesh.controllers.job(KEY) == JobState(Outcome.COMPLETE, succeeded=1, failures=1)
        first, second = mesh.pods
        assert (first.phase, second.phase) == (PodPhase.FAILED, PodPhase.SUCCEEDED)
        assert second.identity.created - first.identity.created >= FIRST

    mesh.run(story)
    assert runs(tmp_path) == mesh.begun


def test_a_container_that_is_restarted_on_failure_stays_in_its_pod(tmp_path: Path) -> None:
    mesh = Controlled(tmp_path, workload("Job", failing(tmp_path, 2), "OnFailure"))

    async def story() -> None:
        await mesh.until(lambda: finished(mesh))
        assert mesh.controllers.job(KEY).outcome is Outcome.COMPLETE

    mesh.run(story)
    assert runs(tmp_path) == mesh.begun * 3


def test_a_job_that_fails_too_often_is_given_up_and_what_still_runs_is_ended(tmp_path: Path) -> None:
    job = workload("Job", failing(tmp_path, 99), "OnFailure", backoffLimit=2)
    mesh = Controlled(tmp_path, job)

    async def story() -> None:
        await mesh.until(lambda: finished(mesh))
        assert mesh.controllers.job(KEY).outcome is Outcome.FAILED
        await mesh.until(lambda: not mesh.pods)

    mesh.run(story)
    assert len(mesh.begun) == 1


def test_as_many_pods_end_well_as_it_wants_and_no_more_run_beside_each_other_than_it_allows(tmp_path: Path) -> None:
    mesh = Controlled(tmp_path, workload("Job", failing(tmp_path, 0), "Never", completions=5, parallelism=2))
    beside: list[int] = []

    def looked() -> bool:
        beside.append(sum(not pod.phase.ended for pod in mesh.pods))
        return finished(mesh)

    async def story() -> None:
        await mesh.until(looked)
        assert mesh.controllers.job(KEY).succeeded == 5

    mesh.run(story)
    assert len(runs(tmp_path)) == 5
    assert max(beside) == 2


def test_a_job_that_is_removed_takes_its_pods_along(tmp_path: Path) -> None:
    mesh = Controlled(tmp_path, workload("Job", failing(tmp_path, 0), "Never"))

    async def story() -> None:
        await mesh.until(lambda: finished(mesh))
        mesh.workloads.clear()
        mesh.controllers.changed()
        await mesh.until(lambda: not mesh.pods)
        assert mesh.controllers.job(KEY) == JobState()

    mesh.run(story)
