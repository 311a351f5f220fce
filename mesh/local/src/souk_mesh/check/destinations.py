"""DestinationRules: the host, the ports, the pods of each subset, and the Secrets for TLS."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.exports import exports
from souk_mesh.check.view import View, covers, full_name, unknown_host
from souk_mesh.objects import ClientTLS, DestinationRule, Secret, Service, TrafficPolicy
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each DestinationRule."""
    subsets: dict[tuple[str, str, str], DestinationRule] = {}
    for rule in view.objects.list(DestinationRule):
        host = full_name(rule.spec.host, rule.metadata.namespace)
        services = [service for name, service in view.services.items() if covers(host, name)]
        if not services:
            notes = unknown_host(view, rule.spec.host, rule.metadata.namespace)
            yield Problem(rule.key, ("spec", "host"), f'"{rule.spec.host}" is no Service', notes)
        if host in view.services:
            yield from _subsets(view, rule, services[0])
            yield from _ports(rule, services[0])
        yield from _empty(rule)
        yield from _certificates(view, rule)
        yield from exports(rule.key, rule.spec.export_to)
        yield from _selected(rule)
        if rule.spec.workload_selector is None:
            yield from _defined_before(rule, host, subsets)


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


def _defined_before(
    rule: DestinationRule, host: str, subsets: dict[tuple[str, str, str], DestinationRule]
) -> Iterator[Problem]:
    for index, subset in enumerate(rule.spec.subsets):
        first = subsets.setdefault((rule.metadata.namespace, host, subset.name), rule)
        if first is not rule:
            notes = (f"{first.key} defines it too; Istio takes that of the older of the two", "rename or remove one")
            steps: Steps = ("spec", "subsets", index, "name")
            yield Problem(rule.key, steps, f'"{subset.name}" is defined for this host already', notes, Severity.WARNING)


def _policies(rule: DestinationRule) -> Iterator[tuple[Steps, TrafficPolicy]]:
    if rule.spec.traffic_policy is not None:
        yield ("spec", "trafficPolicy"), rule.spec.traffic_policy
    for index, subset in enumerate(rule.spec.subsets):
        if subset.traffic_policy is not None:
            yield ("spec", "subsets", index, "trafficPolicy"), subset.traffic_policy


def _ports(rule: DestinationRule, service: Service) -> Iterator[Problem]:
    offered = [port.port for port in service.spec.ports]
    for steps, policy in _policies(rule):
        for index, each in enumerate(policy.port_level_settings):
            if each.port.number not in offered:
                notes = (f"its ports are: {', '.join(map(str, offered))}",)
                where = (*steps, "portLevelSettings", index, "port", "number")
                said = f"{each.port.number} is no port of {service.key}"
                yield Problem(rule.key, where, said, notes, Severity.WARNING)


def _empty(rule: DestinationRule) -> Iterator[Problem]:
    notes = ("Istio refuses a policy that says nothing: leave it out",)
    for steps, policy in _policies(rule):
        if policy == TrafficPolicy():
            yield Problem(rule.key, steps, "is empty", notes)


def _certificates(view: View, rule: DestinationRule) -> Iterator[Problem]:
    for steps, policy in _policies(rule):
        yield from _certificate(view, rule, (*steps, "tls"), policy.tls)
        for index, each in enumerate(policy.port_level_settings):
            yield from _certificate(view, rule, (*steps, "portLevelSettings", index, "tls"), each.tls)


def _certificate(view: View, rule: DestinationRule, steps: Steps, tls: ClientTLS | None) -> Iterator[Problem]:
    if tls is None or not tls.credential_name:
        return
    where, namespace = (*steps, "credentialName"), rule.metadata.namespace
    if rule.spec.workload_selector is None:
        notes = (
            "Istio gives it to gateways alone, and lets sidecars call in plain text",
            "add a workloadSelector that means the pods that shall encrypt",
        )
        said = "is not given to sidecars by a rule that is for all of them"
        yield Problem(rule.key, where, said, notes, Severity.WARNING)
    elif view.objects.get(Secret, namespace, tls.credential_name) is None:
        known = ", ".join(each.metadata.name for each in view.objects.list(Secret, namespace)) or "none"
        yield Problem(rule.key, where, f'"{tls.credential_name}" is not defined', (f"Secrets in {namespace}: {known}",))


def _selected(rule: DestinationRule) -> Iterator[Problem]:
    others = [each for each in rule.spec.export_to if each not in (".", rule.metadata.namespace)]
    if rule.spec.workload_selector is not None and others:
        notes = ("pods of other namespaces are never selected: leave exportTo out",)
        yield Problem(rule.key, ("spec", "exportTo"), "goes beyond the rule's own namespace", notes)
