"""Which policies speak of a pod."""

from __future__ import annotations

from collections.abc import Iterable
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
