"""Which policies speak of a pod."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import TypeVar

from souk_mesh.objects import AuthorizationPolicy, RequestAuthentication
from souk_mesh.topology import Pod
from souk_mesh.xds.configuration import ROOT_NAMESPACE

_Policy = TypeVar("_Policy", AuthorizationPolicy, RequestAuthentication)


def concerning(policies: Iterable[_Policy], pod: Pod) -> tuple[_Policy, ...]:
    """Those of the pod's namespace, then those of the whole mesh, that select it or everybody."""
    found = [each for each in policies if each.spec.selector is None or each.spec.selector.matches(pod.labels)]
    namespaces = dict.fromkeys((pod.namespace, ROOT_NAMESPACE))
    return tuple(each for namespace in namespaces for each in found if each.metadata.namespace == namespace)


@dataclass(frozen=True)
class Policies:
    """Every pod, and every policy that may speak of some of them."""

    pods: tuple[Pod, ...]
    authorization: tuple[AuthorizationPolicy, ...]
    tokens: tuple[RequestAuthentication, ...]


@dataclass(frozen=True)
class Spoken:
    """What is said of one pod."""

    authorization: tuple[AuthorizationPolicy, ...]
    tokens: tuple[RequestAuthentication, ...]


def spoken(given: Policies) -> Mapping[str, Spoken]:
    """What is said of each pod, by its node."""
    return {pod.node: Spoken(concerning(given.authorization, pod), concerning(given.tokens, pod)) for pod in given.pods}
