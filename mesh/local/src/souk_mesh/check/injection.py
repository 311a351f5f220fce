"""Sidecars: every pod here has one, so what would leave a pod without, or past its own, is refused."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import View
from souk_mesh.objects import Namespace, Service
from souk_mesh.objects.injection import INJECT, INJECTION, REVISION, Setting, settings
from souk_mesh.objects.meta import ObjectKey
from souk_mesh.problems import Problem, Severity

_PAST = ("every call to a Service or the host of a ServiceEntry passes the sidecar here", "leave it out")
_NO_AMBIENT = ("there are only sidecars here, neither ztunnels nor waypoints", "leave it out")
_OWN_TLS = (
    "callers here encrypt as PeerAuthentication says",
    "for plain text, write a PeerAuthentication with the mode DISABLE",
)
_REFUSED = {
    "traffic.sidecar.istio.io/": _PAST,
    "security.istio.io/tlsMode": _OWN_TLS,
    "istio.io/dataplane-mode": _NO_AMBIENT,
    "istio.io/use-waypoint": _NO_AMBIENT,
}
"""Why what begins so is refused, and what to do."""
_ALWAYS_A_SIDECAR = (
    "on a cluster its pods have no sidecar; here every pod has one",
    "leave it out, or leave the workload to the overlay of the cluster",
)


def problems(view: View) -> Iterator[Problem]:
    """Lists what would lead calls otherwise on a cluster."""
    for thing in (*view.workloads, *view.objects.list(Namespace), *view.objects.list(Service)):
        for setting in settings(thing):
            yield from _setting(thing.key, setting)
    for namespace in view.objects.list(Namespace):
        yield from _namespace(view, namespace)


def _setting(key: ObjectKey, setting: Setting) -> Iterator[Problem]:
    where = (*setting.where, setting.name)
    if setting.name == INJECT and setting.value == "false":
        yield Problem(key, where, 'is "false"', _ALWAYS_A_SIDECAR)
    for name, notes in _REFUSED.items():
        if setting.name.startswith(name) and not setting.meant:
            yield Problem(key, where, "is not supported", notes)


def _namespace(view: View, namespace: Namespace) -> Iterator[Problem]:
    """Istio injects into the pods of a namespace that says `enabled`; into single pods only where nothing is said."""
    within = [each for each in view.workloads if each.metadata.namespace == namespace.metadata.name]
    labels = namespace.metadata.labels
    said = labels.get(INJECTION)
    if not within or said == "enabled" or (said is None and REVISION in labels):
        return
    if said is not None:
        yield Problem(namespace.key, ("metadata", "labels", INJECTION), f'is "{said}"', _ALWAYS_A_SIDECAR)
    elif any(each.spec.template.metadata.labels.get(INJECT) != "true" for each in within):
        notes = (f'on a cluster its pods have no sidecar; here they have: add "{INJECTION}: enabled"',)
        yield Problem(namespace.key, ("metadata", "labels"), "ask for no sidecars", notes, Severity.WARNING)
