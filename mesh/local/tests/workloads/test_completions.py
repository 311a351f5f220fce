"""What a Job does next."""

from __future__ import annotations

import pytest

from souk_mesh.objects import Job, Malformed, parse
from souk_mesh.workloads.completions import JobPlan, Outcome, Tally, Task, plan_job

ONCE = Task(completions=1, parallelism=1, backoff_limit=2)
FIVE = Task(completions=5, parallelism=2, backoff_limit=2)
QUEUE = Task(completions=None, parallelism=3, backoff_limit=2)


def test_a_job_runs_one_pod_and_is_complete_when_that_has_ended_well() -> None:
    assert plan_job(ONCE, Tally()) == JobPlan(Outcome.RUNNING, create=1)
    assert plan_job(ONCE, Tally(active=1)) == JobPlan(Outcome.RUNNING)
    assert plan_job(ONCE, Tally(succeeded=1)) == JobPlan(Outcome.COMPLETE)


def test_as_many_run_beside_each_other_as_it_allows_and_never_more_than_are_missing() -> None:
    assert plan_job(FIVE, Tally()).create == 2
    assert plan_job(FIVE, Tally(active=1, succeeded=3)).create == 1
    assert plan_job(FIVE, Tally(active=1, succeeded=4)).create == 0


def test_pods_beyond_what_is_allowed_are_ended() -> None:
    assert plan_job(Task(5, 1, 2), Tally(active=3)) == JobPlan(Outcome.RUNNING, surplus=2)


def test_what_failed_is_tried_again_until_the_limit_is_exceeded() -> None:
    assert plan_job(ONCE, Tally(failed=2)) == JobPlan(Outcome.RUNNING, create=1)
    assert plan_job(ONCE, Tally(failed=3)) == JobPlan(Outcome.FAILED)


@pytest.mark.parametrize(("limit", "restarts", "outcome"), [(0, 1, "Failed"), (2, 1, "Running"), (2, 2, "Failed")])
def test_restarts_of_containers_count_as_kubernetes_counts_them(limit: int, restarts: int, outcome: str) -> None:
    assert plan_job(Task(1, 1, limit), Tally(active=1, restarts=restarts)).outcome == outcome


def test_of_a_work_queue_one_success_means_that_no_more_are_begun() -> None:
    assert plan_job(QUEUE, Tally()) == JobPlan(Outcome.RUNNING, create=3)
    assert plan_job(QUEUE, Tally(active=2, succeeded=1)) == JobPlan(Outcome.RUNNING)
    assert plan_job(QUEUE, Tally(succeeded=1)) == JobPlan(Outcome.COMPLETE)


def job(**spec: object) -> Job:
    template = {"spec": {"containers": [{"name": "a", "image": "souk/a"}], "restartPolicy": "Never"}}
    parsed = parse(
        {"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "a"}, "spec": {"template": template, **spec}}
    )
    assert isinstance(parsed, Job)
    return parsed


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [({}, 1), ({"parallelism": 3}, None), ({"completions": 4}, 4), ({"completions": 4, "parallelism": 2}, 4)],
)
def test_a_job_that_says_nothing_runs_once_and_one_with_parallelism_alone_is_a_work_queue(
    spec: dict[str, object], wanted: int | None
) -> None:
    assert job(**spec).spec.wanted == wanted


def test_pods_that_are_always_restarted_are_no_job() -> None:
    template = {"spec": {"containers": [{"name": "a", "image": "souk/a"}]}}
    with pytest.raises(Malformed, match="Never or OnFailure"):
        job(template=template)
