"""PeerAuthentications and AuthorizationPolicies: whom they mean."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import ROOT_NAMESPACE, View
from souk_mesh.objects import AuthorizationPolicy, LabelSelector, PeerAuthentication, Rule, ServiceAccount
from souk_mesh.objects.meta import ObjectKey
from souk_mesh.objects.parsing import Steps
from souk_mesh.objects.security import Operation, Source, valid_port
from souk_mesh.problems import Problem, Severity


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each policy."""
    for peers in view.objects.list(PeerAuthentication):
        yield from _selector(view, peers.key, peers.spec.selector)
        if peers.spec.port_level_mtls and not (peers.spec.selector and peers.spec.selector.match_labels):
            notes = ("name the pods whose ports are meant",)
            yield Problem(peers.key, ("spec", "portLevelMtls"), "needs a selector", notes)
    for policy in view.objects.list(AuthorizationPolicy):
        yield from _selector(view, policy.key, policy.spec.selector)
        for index, rule in enumerate(policy.spec.rules):
            yield from _empty(policy.key, ("spec", "rules", index), rule)
            yield from _principals(view, policy.key, ("spec", "rules", index), rule)
            yield from _ports(policy.key, ("spec", "rules", index), rule)


def _selector(view: View, key: ObjectKey, selector: LabelSelector | None) -> Iterator[Problem]:
    namespace = None if key.namespace == ROOT_NAMESPACE else key.namespace
    if selector is not None and selector.match_labels and not view.pods(selector.match_labels, namespace):
        shown = ", ".join(f"{name}={value}" for name, value in selector.match_labels.items())
        notes = ("it protects nothing: is a label misspelt?",)
        yield Problem(key, ("spec", "selector"), f"({shown}) selects no pods", notes, Severity.WARNING)


def _empty(key: ObjectKey, steps: Steps, rule: Rule) -> Iterator[Problem]:
    notes = ("name something in it, or leave the whole out to mean everyone and everything",)
    for index, member in enumerate(rule.from_):
        if member.source == Source():
            yield Problem(key, (*steps, "from", index, "source"), "is empty", notes)
    for index, target in enumerate(rule.to):
        if target.operation == Operation():
            yield Problem(key, (*steps, "to", index, "operation"), "is empty", notes)


def _principals(view: View, key: ObjectKey, steps: Steps, rule: Rule) -> Iterator[Problem]:
    accounts = view.objects.list(ServiceAccount)
    known = {f"cluster.local/ns/{each.metadata.namespace}/sa/{each.metadata.name}" for each in accounts}
    namespaces = {each.metadata.namespace for each in accounts}
    for index, member in enumerate(rule.from_):
        for number, principal in enumerate(member.source.principals):
            where = (*steps, "from", index, "source", "principals", number)
            if principal.startswith("spiffe://"):
                notes = (f"Istio adds it: write {principal.removeprefix('spiffe://')}",)
                yield Problem(key, where, f'"{principal}" must not begin with spiffe://', notes)
            # An identity of a namespace that is not ours may exist elsewhere.
            elif "*" not in principal and principal not in known and _namespace(principal) in {*namespaces, ""}:
                notes = (f"identities: {', '.join(sorted(known)) or 'none'}",)
                yield Problem(key, where, f'"{principal}" is no ServiceAccount', notes, Severity.WARNING)


def _namespace(principal: str) -> str:
    parts = principal.split("/")
    return parts[2] if len(parts) == 5 and parts[1] == "ns" and parts[3] == "sa" else ""


def _ports(key: ObjectKey, steps: Steps, rule: Rule) -> Iterator[Problem]:
    for index, member in enumerate(rule.to):
        operation = member.operation
        for field, ports in (("ports", operation.ports), ("notPorts", operation.not_ports)):
            for number, port in enumerate(ports):
                if valid_port(port) is None:
                    where = (*steps, "to", index, "operation", field, number)
                    yield Problem(key, where, f'"{port}" is no port', ("write the number of a container's port",))
