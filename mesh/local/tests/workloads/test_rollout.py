"""What a rollout does next."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from souk_mesh.workloads.rollout import Limits, Plan, Replica, plan, plan_recreate

SURGE_ONE = Limits(surge=1, unavailable=0)


def replicas(template: str, *readiness: bool) -> tuple[Replica, ...]:
    return tuple(
        Replica(f"{template}-{index}", template, ready, created=float(index)) for index, ready in enumerate(readiness)
    )


def test_a_new_deployment_gets_all_its_pods_at_once() -> None:
    assert plan(3, "new", (), SURGE_ONE) == Plan(create=3)


def test_a_changed_template_starts_one_new_pod_before_an_old_one_ends() -> None:
    assert plan(2, "new", replicas("old", True, True), SURGE_ONE) == Plan(create=1)


def test_an_old_pod_ends_when_the_new_one_is_ready() -> None:
    pods = replicas("old", True, True) + replicas("new", True)
    assert plan(2, "new", pods, SURGE_ONE) == Plan(delete=("old-0",))


def test_an_old_pod_stays_while_the_new_one_is_not_ready() -> None:
    pods = replicas("old", True, True) + replicas("new", False)
    assert plan(2, "new", pods, SURGE_ONE) == Plan()


def test_an_old_pod_that_serves_nobody_is_the_first_to_end() -> None:
    pods = replicas("old", True, False) + replicas("new", True)
    assert plan(2, "new", pods, SURGE_ONE).delete == ("old-1",)


def test_unavailability_lets_an_old_pod_end_before_a_new_one_starts() -> None:
    assert plan(2, "new", replicas("old", True, True), Limits(0, 1)) == Plan(delete=("old-0",))


def test_scaling_down_takes_unready_pods_first_and_then_the_youngest() -> None:
    pods = (*replicas("new", True, True, True), Replica("sick", "new", ready=False, created=0.0))
    assert plan(2, "new", pods, SURGE_ONE).delete == ("sick", "new-2")


def test_recreate_starts_nothing_before_the_old_pods_are_gone() -> None:
    assert plan_recreate(1, "new", replicas("old", True), terminating=0) == Plan(delete=("old-0",))
    assert plan_recreate(1, "new", (), terminating=1) == Plan()
    assert plan_recreate(1, "new", (), terminating=0) == Plan(create=1)


@given(
    wanted=st.integers(1, 6),
    old=st.integers(0, 6),
    surge=st.integers(0, 3),
    unavailable=st.integers(0, 3),
)
def test_every_rollout_ends_and_never_leaves_its_limits(wanted: int, old: int, surge: int, unavailable: int) -> None:
    limits = Limits(surge, unavailable if surge or unavailable else 1)
    pods = list(replicas("old", *[True] * old))
    for step in range(100):
        due = plan(wanted, "new", pods, limits)
        if due == Plan() and all(pod.ready for pod in pods):
            break
        pods = [pod for pod in pods if pod.name not in due.delete]
        if old >= wanted:
            assert sum(pod.ready for pod in pods) >= wanted - limits.unavailable
        pods += [Replica(f"new-{step}-{index}", "new", ready=False, created=float(step)) for index in range(due.create)]
        assert len(pods) <= max(wanted + limits.surge, old)
        if due.create == 0:
            pods = [replace(pod, ready=True) for pod in pods]
    assert [pod.template for pod in pods] == ["new"] * wanted
