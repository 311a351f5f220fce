"""The whole translation: from objects and pods to what every pod's proxy is told.

It is a pure function, also where it is given what it made before: that only spares it what would come out the same.
First comes what pods have in common (`common`), then, by `companies`, what each has for itself (`own`).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, fields
from functools import partial

from souk_mesh.identity import Certificate
from souk_mesh.objects import VirtualService
from souk_mesh.topology import Pod, Proxy
from souk_mesh.xds.common import Common, Outlook, common
from souk_mesh.xds.companies import Certificates, Circumstances, Company, Crowd, Members, companies, members
from souk_mesh.xds.configuration import Configuration
from souk_mesh.xds.leads import Lead, LeadIndex, leads
from souk_mesh.xds.mesh_rules import visible
from souk_mesh.xds.observation import layer
from souk_mesh.xds.reach import MESH
from souk_mesh.xds.remaking import Made, each_kept, kept, same_if_equal
from souk_mesh.xds.resources import Resource, Resources
from souk_mesh.xds.routes import Callers, Hosts, Labels, Routed
from souk_mesh.xds.scopes import Scope
from souk_mesh.xds.selection import Policies, Spoken, spoken
from souk_mesh.xds.sight import Outward, Sight, sight
from souk_mesh.xds.standing import Ground, Standing, ground
from souk_mesh.xds.tls import secrets
from souk_mesh.xds.told import NOTHING, Outbound, Told, told
from souk_mesh.xds.view import PortKey, View

Bound = tuple[VirtualService, ...]
"""The VirtualServices that a namespace sees and that are bound to some gateway."""


@dataclass(frozen=True)
class Translation:
    """What all proxies are told at one moment, with what it was made from."""

    view: View = field(default_factory=lambda: View(Configuration(), ()))
    certificates: Certificates = field(default_factory=dict)
    ground: Made[Standing, Ground] | None = None
    spoken: Made[Policies, Mapping[str, Spoken]] | None = None
    companies: Made[Crowd, Mapping[Company, tuple[Pod, ...]]] | None = None
    leads: Made[tuple[Lead, ...], LeadIndex] | None = None
    bound: Mapping[str, Bound] = field(default_factory=dict)
    sights: Mapping[Scope, Made[Outward, Sight]] = field(default_factory=dict)
    common: Mapping[Scope, Made[Outlook, Common]] = field(default_factory=dict)
    told: Mapping[Callers, Made[Outbound, Told]] = field(default_factory=dict)
    members: Mapping[Company, Made[Circumstances, Members]] = field(default_factory=dict)
    own: Members = field(default_factory=dict)

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
    given = view.configuration
    keys = {identity: (certificate(identity), roots) for identity in {pod.identity for pod in view.pods}}
    certificates = each_kept(before.certificates, keys, lambda each: tuple(map(Resource.of, secrets(*each))))
    grounded = kept(before.ground, Standing.of(view), ground)
    said = kept(before.spoken, Policies(view.pods, given.authorization_policies, given.request_authentications), spoken)
    crowd = Crowd(view.pods, grounded.result.scopes, _asked_labels(given.virtual_services))
    grouped = kept(before.companies, crowd, companies)
    led = kept(before.leads, leads(given.virtual_services), LeadIndex)
    bound = _bound(view, before.bound)
    sights = _sights(grounded.result, led.result, before.sights)
    shared = _shared(sights, grounded.result, before.common)
    routing = _routing(grouped.result, given.virtual_services, sights, shared, before.told)
    runtime = Resource.of(layer(observed=view.observed))
    circumstances = {
        company: Circumstances(
            pods=pods,
            common=shared[company.scope].result,
            told=routing[company.callers].result if company.callers else NOTHING,
            services=given.services,
            peers=given.peer_authentications,
            spoken=said.result,
            pools=grounded.result.pools,
            gateways=() if company.callers else given.gateways,
            bound=() if company.callers else bound[company.scope.namespace],
            secrets=given.secrets,
            certificates=certificates,
            runtime=runtime,
        )
        for company, pods in grouped.result.items()
    }
    made = {
        company: kept(before.members.get(company), each, lambda given: members(given, before.own))
        for company, each in circumstances.items()
    }
    own = {node: each for company in made.values() for node, each in company.result.items()}
    return Translation(view, certificates, grounded, said, grouped, led, bound, sights, shared, routing, made, own)


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
        view.observed,
    )


def _bound(view: View, before: Mapping[str, Bound]) -> Mapping[str, Bound]:
    edges = {pod.namespace for pod in view.pods if pod.proxy is Proxy.ROUTER}
    found = {each: visible(view.configuration.virtual_services, each) for each in edges}
    return {
        namespace: same_if_equal(
            tuple(each for each in seen if set(each.spec.gateways) != {MESH}), before.get(namespace, ())
        )
        for namespace, seen in found.items()
    }


def _sights(
    given: Ground, led: LeadIndex, before: Mapping[Scope, Made[Outward, Sight]]
) -> Mapping[Scope, Made[Outward, Sight]]:
    wanted = {
        each: Outward(each, given.sidecars[each.sidecar] if each.sidecar else None, given.sources.registry, led)
        for each in set(given.scopes.values())
    }
    return each_kept(before, wanted, sight)


def _shared(
    sights: Mapping[Scope, Made[Outward, Sight]], given: Ground, before: Mapping[Scope, Made[Outlook, Common]]
) -> Mapping[Scope, Made[Outlook, Common]]:
    return {
        scope: kept(
            old := before.get(scope),
            Outlook(scope, seen.result, given.sources, given.called[scope]),
            partial(common, before=old.result if old else Common()),
        )
        for scope, seen in sights.items()
    }


def _routing(
    grouped: Iterable[Company],
    rules: tuple[VirtualService, ...],
    sights: Mapping[Scope, Made[Outward, Sight]],
    shared: Mapping[Scope, Made[Outlook, Common]],
    before: Mapping[Callers, Made[Outbound, Told]],
) -> Mapping[Callers, Made[Outbound, Told]]:
    by_key = {each.key: each for each in rules}
    found = {}
    # Tables, by whom rules may take their callers for: only among those are there any alike.
    hosts: defaultdict[tuple[str, Labels], dict[PortKey, Made[Routed, Hosts]]] = defaultdict(dict)
    for callers in filter(None, (company.callers for company in grouped)):
        seen, old = sights[callers.scope].result, before.get(callers)
        outbound = Outbound(
            callers=callers,
            callees=shared[callers.scope].result.callees,
            named=shared[callers.scope].result.named,
            strangers=shared[callers.scope].result.strangers,
            rules=rules if seen.rules is None else tuple(by_key[each] for each in seen.rules),
            registry_only=seen.registry_only,
        )
        earlier = old.result if old else NOTHING
        elsewhere = hosts[callers.namespace, callers.labels]
        found[callers] = kept(old, outbound, partial(told, before=earlier, elsewhere=elsewhere))
        elsewhere.update(found[callers].result.hosts)
    return found


def _asked_labels(rules: tuple[VirtualService, ...]) -> frozenset[str]:
    """The labels by which rules tell callers apart."""
    asked: set[str] = set()
    for rule in rules:
        for requests in (condition for entry in rule.spec.http for condition in entry.match):
            asked.update(requests.source_labels)
        for connections in (condition for entry in rule.spec.tcp for condition in entry.match):
            asked.update(connections.source_labels)
    return frozenset(asked)
