"""DestinationRules: the host, and the pods of each subset."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import View, full_name, unknown_host
from souk_mesh.objects import DestinationRule, TrafficPolicy
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each DestinationRule."""
    for rule in view.objects.list(DestinationRule):
        if view.service(rule.spec.host, rule.metadata.namespace) is None:
            notes = unknown_host(view, rule.spec.host, rule.metadata.namespace)
            yield Problem(rule.key, ("spec", "host"), f'"{rule.spec.host}" is no Service', notes)
        else:
            yield from _subsets(view, rule)
        yield from _empty(rule)
        others = [each.key for each in view.rules(full_name(rule.spec.host, rule.metadata.namespace))]
        if others and others[0] != rule.key:
            notes = (f"{others[0]} is for the same host", "put both into one")
            yield Problem(rule.key, ("spec", "host"), f'"{rule.spec.host}" has a rule already', notes)


def _subsets(view: View, rule: DestinationRule) -> Iterator[Problem]:
    service = view.service(rule.spec.host, rule.metadata.namespace)
    assert service is not None
    seen: set[str] = set()
    for index, subset in enumerate(rule.spec.subsets):
        steps: Steps = ("spec", "subsets", index)
        if subset.name in seen:
            yield Problem(rule.key, (*steps, "name"), f'"{subset.name}" is defined twice')
        seen.add(subset.name)
        namespace = service.metadata.namespace
        pods = view.pods(service.spec.selector, namespace) if service.spec.selector else ()
        if pods and not view.pods({**service.spec.selector, **subset.labels}, namespace):
            shown = ", ".join(f"{name}={value}" for name, value in subset.labels.items())
            keys = sorted(subset.labels)
            given = sorted(", ".join(f"{key}={pod.metadata.labels.get(key, '')}" for key in keys) for pod in pods)
            yield Problem(
                rule.key,
                (*steps, "labels"),
                f'({shown}) of subset "{subset.name}" match no pods',
                (f"the pods of {service.key} have: {'; '.join(given)}", "change the labels, or add such a Deployment"),
            )


def _empty(rule: DestinationRule) -> Iterator[Problem]:
    notes = ("Istio refuses a policy that says nothing: leave it out",)
    if rule.spec.traffic_policy == TrafficPolicy():
        yield Problem(rule.key, ("spec", "trafficPolicy"), "is empty", notes)
    for index, subset in enumerate(rule.spec.subsets):
        if subset.traffic_policy == TrafficPolicy():
            yield Problem(rule.key, ("spec", "subsets", index, "trafficPolicy"), "is empty", notes)
