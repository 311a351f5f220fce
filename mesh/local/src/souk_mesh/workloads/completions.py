"""What a Job does next: a rule over counts, without processes or clocks."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class Outcome(StrEnum):
    """How a Job has ended, if it has."""

    RUNNING = "Running"
    COMPLETE = "Complete"
    FAILED = "Failed"


@dataclass(frozen=True)
class Task:
    """What a Job asks for."""

    completions: int | None
    """How many pods must end well; None: when the first has, no more are begun."""
    parallelism: int
    backoff_limit: int


@dataclass(frozen=True)
class Tally:
    """What has become of its pods."""

    active: int = 0
    succeeded: int = 0
    failed: int = 0
    restarts: int = 0
    """Of the containers of active pods (restartPolicy OnFailure)."""


@dataclass(frozen=True)
class JobPlan:
    """What to do now. Where the outcome is no longer Running, what is active is to be ended."""

    outcome: Outcome
    create: int = 0
    surplus: int = 0
    """How many active pods are too many."""


def plan_job(task: Task, tally: Tally) -> JobPlan:
    """Says how many pods to begin or end next, and whether the Job has ended."""
    if tally.failed > task.backoff_limit or _restarted_too_often(task, tally):
        return JobPlan(Outcome.FAILED)
    if task.completions is None:
        if tally.succeeded and not tally.active:
            return JobPlan(Outcome.COMPLETE)
        missing = 0 if tally.succeeded else task.parallelism - tally.active
    else:
        if tally.succeeded >= task.completions:
            return JobPlan(Outcome.COMPLETE)
        missing = min(task.parallelism, task.completions - tally.succeeded) - tally.active
    return JobPlan(Outcome.RUNNING, create=max(0, missing), surplus=max(0, -missing))


def _restarted_too_often(task: Task, tally: Tally) -> bool:
    # Kubernetes counts otherwise than for pods: a limit of 0 allows no restart, a limit of 2 allows one.
    return tally.restarts > 0 and tally.restarts >= task.backoff_limit
