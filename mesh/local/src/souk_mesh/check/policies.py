"""Policies of security: whom they mean."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import ROOT_NAMESPACE, View
from souk_mesh.objects import AuthorizationPolicy, LabelSelector, PeerAuthentication, RequestAuthentication
from souk_mesh.objects.meta import ObjectKey
from souk_mesh.problems import Problem, Severity

DRY_RUN = "istio.io/dry-run"
_TRUE = frozenset({"1", "t", "T", "true", "TRUE", "True"})


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with the scope of each policy."""
    for peers in view.objects.list(PeerAuthentication):
        yield from _selector(view, peers.key, peers.spec.selector)
        if peers.spec.port_level_mtls and not (peers.spec.selector and peers.spec.selector.match_labels):
            notes = ("name the pods whose ports are meant",)
            yield Problem(peers.key, ("spec", "portLevelMtls"), "needs a selector", notes)
    for policy in view.objects.list(AuthorizationPolicy):
        yield from _selector(view, policy.key, policy.spec.selector)
        if policy.metadata.annotations.get(DRY_RUN) in _TRUE:
            notes = ("the local mesh would enforce it: leave the annotation out to try the policy",)
            yield Problem(policy.key, ("metadata", "annotations", DRY_RUN), "is not supported", notes)
    for tokens in view.objects.list(RequestAuthentication):
        yield from _selector(view, tokens.key, tokens.spec.selector)


def _selector(view: View, key: ObjectKey, selector: LabelSelector | None) -> Iterator[Problem]:
    labels = selector.match_labels if selector else {}
    for name, value in labels.items():
        if not name or "*" in name + value:
            notes = ("write whole labels, or leave the selector out to mean all pods",)
            yield Problem(key, ("spec", "selector", "matchLabels"), f'"{name}: {value}" has a wildcard', notes)
            return
    namespace = None if key.namespace == ROOT_NAMESPACE else key.namespace
    if labels and not view.pods(labels, namespace):
        shown = ", ".join(f"{name}={value}" for name, value in labels.items())
        notes = ("it protects nothing: is a label misspelt?",)
        yield Problem(key, ("spec", "selector"), f"({shown}) selects no pods", notes, Severity.WARNING)
