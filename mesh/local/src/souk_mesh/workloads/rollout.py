"""What a rollout does next: a rule over counts and pods, without processes or clocks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Replica:
    """A pod as a rollout sees it; those that are being terminated are left out."""

    name: str
    template: str
    """The hash of the template that it was made from."""
    ready: bool
    created: float


@dataclass(frozen=True)
class Limits:
    """How far a rollout may stray from the wanted number of pods."""

    surge: int
    unavailable: int


@dataclass(frozen=True)
class Plan:
    """What to do now; the rest follows when the pods have changed."""

    create: int = 0
    delete: tuple[str, ...] = ()


@dataclass(frozen=True)
class _Split:
    """The pods of the current template and those of earlier ones."""

    new: tuple[Replica, ...]
    old: tuple[Replica, ...]


def plan(wanted: int, template: str, pods: Sequence[Replica], allowed: Limits) -> Plan:
    """Says which pods to create and delete next, so that `wanted` pods of `template` remain in the end."""
    split = _split(template, pods)
    surplus = _least_useful(split.new, len(split.new) - wanted)
    return Plan(create=_room(wanted, split, allowed), delete=surplus + _retire(wanted, split, allowed))


def plan_recreate(wanted: int, template: str, pods: Sequence[Replica], terminating: int) -> Plan:
    """The same for the Recreate strategy: no new pod before the last old one is gone."""
    split = _split(template, pods)
    if split.old:
        return Plan(delete=tuple(pod.name for pod in split.old))
    missing = wanted - len(split.new)
    if missing > 0 and terminating:
        return Plan()
    return Plan(create=max(0, missing), delete=_least_useful(split.new, -missing))


def _split(template: str, pods: Sequence[Replica]) -> _Split:
    return _Split(
        new=tuple(pod for pod in pods if pod.template == template),
        old=tuple(pod for pod in pods if pod.template != template),
    )


def _room(wanted: int, split: _Split, allowed: Limits) -> int:
    missing = wanted - len(split.new)
    if missing <= 0:
        return 0
    return max(0, min(missing, wanted + allowed.surge - len(split.new) - len(split.old)))


def _retire(wanted: int, split: _Split, allowed: Limits) -> tuple[str, ...]:
    """Chooses old pods to end: those that serve nobody first, then ready ones as far as availability allows."""
    least = wanted - allowed.unavailable
    total = len(split.new) + len(split.old)
    unready_new = sum(not pod.ready for pod in split.new)
    unready = [pod for pod in split.old if not pod.ready]
    cleaned = unready[: max(0, total - least - unready_new)]
    available = sum(pod.ready for pod in split.new) + sum(pod.ready for pod in split.old)
    ready = [pod for pod in split.old if pod.ready]
    scaled = ready[: max(0, available - least)]
    return tuple(pod.name for pod in (*cleaned, *scaled))


def _least_useful(pods: Sequence[Replica], count: int) -> tuple[str, ...]:
    """Names the pods to lose when scaling down: unready before ready, younger before older."""
    if count <= 0:
        return ()
    ranked = sorted(pods, key=lambda pod: (pod.ready, -pod.created))
    return tuple(pod.name for pod in ranked[:count])
