"""DestinationRules: the host, and the pods of each subset."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import View, covers, full_name, unknown_host
from souk_mesh.objects import DestinationRule, Service, TrafficPolicy
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each DestinationRule."""
    owners: dict[str, DestinationRule] = {}
    for rule in view.objects.list(DestinationRule):
        host = full_name(rule.spec.host, rule.metadata.namespace)
        services = [service for name, service in view.services.items() if covers(host, name)]
        if not services:
            notes = unknown_host(view, rule.spec.host, rule.metadata.namespace)
            yield Problem(rule.key, ("spec", "host"), f'"{rule.spec.host}" is no Service', notes)
        if host in view.services:
            yield from _subsets(view, rule, services[0])
        yield from _empty(rule)
        first = owners.setdefault(host, rule)
        if first is not rule:
            notes = (f"{first.key} is for the same host", "put both into one")
            yield Problem(rule.key, ("spec", "host"), f'"{rule.spec.host}" has a rule already', notes)


def _subsets(view: View, rule: DestinationRule, service: Service) -> Iterator[Problem]:
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
