"""The whole translation: from objects and pods to what every pod's proxy is told.

It is a pure function, also where it is given what it made before: that only spares it what would come out the same.
First comes what pods have in common, by namespace (`common`), then what each has for itself (`own`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields

from souk_mesh.identity import Certificate
from souk_mesh.objects import ClientTLS, VirtualService
from souk_mesh.topology import Pod, Proxy
from souk_mesh.xds.common import Common, Outbound, Outlook, Told, common, told
from souk_mesh.xds.configuration import Configuration
from souk_mesh.xds.credentials import client_credentials, credentials
from souk_mesh.xds.leads import Lead, leads
from souk_mesh.xds.mesh_rules import MeshRules, visible
from souk_mesh.xds.own import Facts, Own, own
from souk_mesh.xds.reach import MESH
from souk_mesh.xds.remaking import Made, each_kept, kept, same_if_equal
from souk_mesh.xds.resources import Resource, Resources
from souk_mesh.xds.routes import Callers
from souk_mesh.xds.scopes import Scope
from souk_mesh.xds.selection import concerning
from souk_mesh.xds.sight import Outward, Sight, sight
from souk_mesh.xds.standing import Ground, Standing, ground
from souk_mesh.xds.tls import secrets
from souk_mesh.xds.view import View

Secrets = tuple[Resource, ...]
Bound = tuple[VirtualService, ...]
"""The VirtualServices that a namespace sees and that are bound to some gateway."""
Keys = tuple[Certificate, bytes]
"""A pod's certificate, and the roots that it trusts."""


@dataclass(frozen=True)
class Translation:
    """What all proxies are told at one moment, with what it was made from."""

    view: View = field(default_factory=lambda: View(Configuration(), ()))
    secrets: Mapping[str, Made[Keys, Secrets]] = field(default_factory=dict)
    ground: Made[Standing, Ground] | None = None
    leads: tuple[Lead, ...] = ()
    bound: Mapping[str, Bound] = field(default_factory=dict)
    sights: Mapping[Scope, Made[Outward, Sight]] = field(default_factory=dict)
    common: Mapping[Scope, Made[Outlook, Common]] = field(default_factory=dict)
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
    keys = {identity: (certificate(identity), roots) for identity in {pod.identity for pod in view.pods}}
    made_secrets = each_kept(before.secrets, keys, lambda given: tuple(map(Resource.of, secrets(*given))))
    grounded = kept(before.ground, Standing.of(view), ground)
    given = grounded.result
    led = same_if_equal(leads(configuration.virtual_services), before.leads)
    bound = _bound(view, before.bound)
    sights = _sights(given, led, before.sights)
    shared = {
        each: kept(before.common.get(each), Outlook(each, seen.result, given.sources), _common_after(before, each))
        for each, seen in sights.items()
    }
    asked = _asked_labels(configuration.virtual_services)
    callers = {pod.node: _callers(pod, given.scopes[pod.node], asked) for pod in view.pods}
    rules = _rules(configuration.virtual_services, sights)
    routing = {
        each: told(
            Outbound(
                callers=each,
                callees=shared[each.scope].result.callees,
                rules=rules[each.scope],
                registry_only=sights[each.scope].result.registry_only,
            ),
            before.told.get(each),
        )
        for each in {each for each in callers.values() if each is not None}
    }
    facts = {
        pod.node: Facts(
            pod=pod,
            common=shared[given.scopes[pod.node]].result,
            told=routing[called_by] if (called_by := callers[pod.node]) else Told(),
            services=configuration.services,
            peers=configuration.peer_authentications,
            policies=concerning(configuration.authorization_policies, pod),
            tokens=concerning(configuration.request_authentications, pod),
            pools=given.pools[pod.node],
            gateways=configuration.gateways if pod.proxy is Proxy.ROUTER else (),
            bound=bound.get(pod.namespace, ()) if pod.proxy is Proxy.ROUTER else (),
            secrets=(
                *made_secrets[pod.identity].result,
                *_credentials(pod, shared[given.scopes[pod.node]].result.originated, configuration),
            ),
        )
        for pod in view.pods
    }
    made = {
        node: kept(before.own.get(node), each, lambda given: own(given, _result(before.own.get(given.pod.node))))
        for node, each in facts.items()
    }
    return Translation(view, made_secrets, grounded, led, bound, sights, shared, routing, made)


def resources(view: View, pod: Pod, certificate: Certificate, roots: bytes) -> Resources:
    """What the proxy of one pod is told, if it has this certificate."""
    return translate(view, lambda _: certificate, roots).resources(pod)


def _carried_over(view: View, before: View) -> View:
    """The same view; what in it is as before is the same object, too."""
    names = [each.name for each in fields(Configuration)]
    after, old = view.configuration, before.configuration
    return View(
        Configuration(**{name: same_if_equal(getattr(after, name), getattr(old, name)) for name in names}),
        same_if_equal(view.pods, before.pods),
    )


def _credentials(pod: Pod, originated: tuple[ClientTLS, ...], configuration: Configuration) -> Secrets:
    shown = credentials(pod, configuration.gateways, configuration.secrets) if pod.proxy is Proxy.ROUTER else ()
    return tuple(map(Resource.of, (*shown, *client_credentials(pod, originated, configuration.secrets))))


def _bound(view: View, before: Mapping[str, Bound]) -> Mapping[str, Bound]:
    edges = {pod.namespace for pod in view.pods if pod.proxy is Proxy.ROUTER}
    found = {each: visible(view.configuration.virtual_services, each) for each in edges}
    return {
        namespace: same_if_equal(
            tuple(each for each in seen if set(each.spec.gateways) != {MESH}), before.get(namespace, ())
        )
        for namespace, seen in found.items()
    }


def _rules(
    rules: tuple[VirtualService, ...], sights: Mapping[Scope, Made[Outward, Sight]]
) -> Mapping[Scope, MeshRules]:
    """The VirtualServices that each scope goes by."""
    by_key = {each.key: each for each in rules}
    unscoped = {scope.namespace for scope, seen in sights.items() if seen.result.rules is None}
    of_namespaces = {each: MeshRules(rules, each) for each in unscoped}
    return {
        scope: of_namespaces[scope.namespace]
        if seen.result.rules is None
        else MeshRules((by_key[each] for each in seen.result.rules), scope.namespace)
        for scope, seen in sights.items()
    }


def _sights(
    given: Ground, led: tuple[Lead, ...], before: Mapping[Scope, Made[Outward, Sight]]
) -> Mapping[Scope, Made[Outward, Sight]]:
    wanted = {
        each: Outward(each, given.sidecars[each.sidecar] if each.sidecar else None, given.sources.registry, led)
        for each in set(given.scopes.values())
    }
    return each_kept(before, wanted, sight)


def _common_after(before: Translation, scope: Scope) -> Callable[[Outlook], Common]:
    made = before.common.get(scope)
    return lambda outlook: common(outlook, made.result if made else Common())


def _asked_labels(rules: tuple[VirtualService, ...]) -> frozenset[str]:
    """The labels by which rules tell callers apart."""
    asked: set[str] = set()
    for rule in rules:
        for requests in (condition for entry in rule.spec.http for condition in entry.match):
            asked.update(requests.source_labels)
        for connections in (condition for entry in rule.spec.tcp for condition in entry.match):
            asked.update(connections.source_labels)
    return frozenset(asked)


def _callers(pod: Pod, scope: Scope, asked: frozenset[str]) -> Callers | None:
    if pod.proxy is Proxy.ROUTER:
        return None
    labels = tuple(sorted((name, pod.labels[name]) for name in asked if name in pod.labels))
    return Callers(pod.namespace, labels, scope)


def _result(made: Made[Facts, Own] | None) -> Own | None:
    return made.result if made else None
