"""The whole translation: from objects and pods to what every pod's proxy is told.

It is a pure function, also where it is given what it made before: that only spares it what would come out the same.
First comes what pods have in common, by namespace (`common`), then what each has for itself (`own`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from souk_mesh.identity import Certificate
from souk_mesh.objects import VirtualService
from souk_mesh.topology import Pod, Proxy
from souk_mesh.xds.common import Common, Sources, Told, common, told
from souk_mesh.xds.configuration import Configuration
from souk_mesh.xds.destinations import RulesByHost
from souk_mesh.xds.mesh_rules import MeshRules
from souk_mesh.xds.own import Facts, Own, own
from souk_mesh.xds.remaking import Made, each_kept, kept, same_if_equal
from souk_mesh.xds.resources import Resource, Resources
from souk_mesh.xds.routes import Callers
from souk_mesh.xds.selection import concerning
from souk_mesh.xds.tls import secrets
from souk_mesh.xds.view import Endpoint, PortKey, View, backends

Behind = Mapping[PortKey, tuple[Endpoint, ...]]
Secrets = tuple[Resource, ...]
Keys = tuple[Certificate, bytes]
"""A pod's certificate, and the roots that it trusts."""


@dataclass(frozen=True)
class Translation:
    """What all proxies are told at one moment, with what it was made from."""

    view: View = field(default_factory=lambda: View(Configuration(), ()))
    behind: Behind = field(default_factory=dict)
    secrets: Mapping[str, Made[Keys, Secrets]] = field(default_factory=dict)
    common: Mapping[str, Common] = field(default_factory=dict)
    told: Mapping[Callers, Told] = field(default_factory=dict)
    own: Mapping[str, Made[Facts, Own]] = field(default_factory=dict)

    def resources(self, pod: Pod) -> Resources:
        """What the proxy of a pod is told: the same object as long as nothing in it changes."""
        return self.own[pod.node].result.resources


def translate(
    view: View, certificate: Callable[[str], Certificate], roots: bytes, before: Translation | None = None
) -> Translation:
    """What every proxy is told.

    Args:
        view: the objects and the pods.
        certificate: gives the certificate of an identity.
        roots: what all trust, as PEM.
        before: an earlier result; what in it is made from the same is taken over.
    """
    before = before or Translation()
    view = _carried_over(view, before.view)
    configuration = view.configuration
    same_places = view.pods is before.view.pods and configuration.services is before.view.configuration.services
    behind = before.behind if same_places else backends(configuration.services.values(), view.pods)
    keys = {identity: (certificate(identity), roots) for identity in {pod.identity for pod in view.pods}}
    made_secrets = each_kept(before.secrets, keys, lambda given: tuple(map(Resource.of, secrets(*given))))
    asked = _asked_labels(configuration.virtual_services)
    callers = {pod.node: _callers(pod, asked) for pod in view.pods}
    sources = Sources(configuration, behind, RulesByHost(configuration.destination_rules))
    shared = {each: common(each, sources, before.common.get(each)) for each in {pod.namespace for pod in view.pods}}
    rules = {namespace: MeshRules(configuration.virtual_services, namespace) for namespace in shared}
    routing = {
        each: told(each, shared[each.namespace].callees, rules[each.namespace], before.told.get(each))
        for each in {each for each in callers.values() if each is not None}
    }
    facts = {
        pod.node: Facts(
            pod=pod,
            common=shared[pod.namespace],
            told=routing[called_by] if (called_by := callers[pod.node]) else Told(),
            services=configuration.services,
            peers=configuration.peer_authentications,
            policies=concerning(configuration.authorization_policies, pod),
            tokens=concerning(configuration.request_authentications, pod),
            gateways=configuration.gateways if pod.proxy is Proxy.ROUTER else (),
            secrets=made_secrets[pod.identity].result,
        )
        for pod in view.pods
    }
    made = {
        node: kept(before.own.get(node), each, lambda given: own(given, _result(before.own.get(given.pod.node))))
        for node, each in facts.items()
    }
    return Translation(view, behind, made_secrets, shared, routing, made)


def resources(view: View, pod: Pod, certificate: Certificate, roots: bytes) -> Resources:
    """What the proxy of one pod is told, if it has this certificate."""
    return translate(view, lambda _: certificate, roots).resources(pod)


def _carried_over(view: View, before: View) -> View:
    """The same view; what in it is as before is the same object, too."""
    after, old = view.configuration, before.configuration
    return View(
        Configuration(
            services=same_if_equal(after.services, old.services),
            virtual_services=same_if_equal(after.virtual_services, old.virtual_services),
            destination_rules=same_if_equal(after.destination_rules, old.destination_rules),
            peer_authentications=same_if_equal(after.peer_authentications, old.peer_authentications),
            authorization_policies=same_if_equal(after.authorization_policies, old.authorization_policies),
            request_authentications=same_if_equal(after.request_authentications, old.request_authentications),
            gateways=same_if_equal(after.gateways, old.gateways),
        ),
        same_if_equal(view.pods, before.pods),
    )


def _asked_labels(rules: tuple[VirtualService, ...]) -> frozenset[str]:
    """The labels by which rules tell callers apart."""
    asked: set[str] = set()
    for rule in rules:
        for requests in (condition for entry in rule.spec.http for condition in entry.match):
            asked.update(requests.source_labels)
        for connections in (condition for entry in rule.spec.tcp for condition in entry.match):
            asked.update(connections.source_labels)
    return frozenset(asked)


def _callers(pod: Pod, asked: frozenset[str]) -> Callers | None:
    if pod.proxy is Proxy.ROUTER:
        return None
    return Callers(pod.namespace, tuple(sorted((name, pod.labels[name]) for name in asked if name in pod.labels)))


def _result(made: Made[Facts, Own] | None) -> Own | None:
    return made.result if made else None
