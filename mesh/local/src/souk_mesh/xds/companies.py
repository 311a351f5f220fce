"""Pods in company: told alike what is not their own. A pod whose company no change concerns is not looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from souk_mesh.identity import Certificate
from souk_mesh.objects import Gateway, PeerAuthentication, Service, VirtualService
from souk_mesh.topology import Pod, Proxy, ServiceKey
from souk_mesh.xds.common import Common
from souk_mesh.xds.credentials import Secrets, client_credentials, credentials
from souk_mesh.xds.inbound_pools import Pools
from souk_mesh.xds.own import Facts, Own, own
from souk_mesh.xds.remaking import Made, kept
from souk_mesh.xds.resources import Resource
from souk_mesh.xds.routes import Callers
from souk_mesh.xds.scopes import Scope
from souk_mesh.xds.selection import Spoken
from souk_mesh.xds.told import Told

Keys = tuple[Certificate, bytes]
"""A pod's certificate, and the roots that it trusts."""
Certificates = Mapping[str, Made[Keys, tuple[Resource, ...]]]
"""By identity."""
Members = Mapping[str, Made[Facts, Own]]
"""What each pod of a company has, by its node."""


@dataclass(frozen=True)
class Company:
    """What a company has in common."""

    scope: Scope
    callers: Callers | None
    """None for gateways: the rules that they go by name them."""


@dataclass(frozen=True)
class Crowd:
    """Every pod, and what tells them apart."""

    pods: tuple[Pod, ...]
    scopes: Mapping[str, Scope]
    """By node."""
    asked: frozenset[str]
    """The labels that rules ask callers for."""


def companies(given: Crowd) -> Mapping[Company, tuple[Pod, ...]]:
    """The pods of each company."""
    found: dict[Company, list[Pod]] = {}
    for pod in given.pods:
        found.setdefault(_company(pod, given.scopes[pod.node], given.asked), []).append(pod)
    return {company: tuple(pods) for company, pods in found.items()}


@dataclass(frozen=True)
class Circumstances:
    """What the pods of a company are told is made from; what is by node or identity holds for all companies."""

    pods: tuple[Pod, ...]
    common: Common
    told: Told
    services: Mapping[ServiceKey, Service]
    peers: tuple[PeerAuthentication, ...]
    spoken: Mapping[str, Spoken]
    pools: Mapping[str, Pools]
    gateways: tuple[Gateway, ...]
    bound: tuple[VirtualService, ...]
    secrets: Secrets
    certificates: Certificates
    runtime: Resource


def members(given: Circumstances, before: Members) -> Members:
    """What each pod of a company has; what is made from the same as before is taken over."""
    return {pod.node: _member(_facts(given, pod), before.get(pod.node)) for pod in given.pods}


def _member(facts: Facts, before: Made[Facts, Own] | None) -> Made[Facts, Own]:
    return kept(before, facts, lambda given: own(given, before.result if before else None))


def _facts(given: Circumstances, pod: Pod) -> Facts:
    said = given.spoken[pod.node]
    return Facts(
        pod=pod,
        common=given.common,
        told=given.told,
        services=given.services,
        peers=given.peers,
        policies=said.authorization,
        tokens=said.tokens,
        pools=given.pools[pod.node],
        gateways=given.gateways,
        bound=given.bound,
        secrets=(*given.certificates[pod.identity].result, *_credentials(given, pod)),
        runtime=given.runtime,
    )


def _credentials(given: Circumstances, pod: Pod) -> Iterator[Resource]:
    yield from map(Resource.of, credentials(pod, given.gateways, given.secrets))
    yield from map(Resource.of, client_credentials(pod, given.common.originated, given.secrets))


def _company(pod: Pod, scope: Scope, asked: frozenset[str]) -> Company:
    if pod.proxy is Proxy.ROUTER:
        return Company(scope, None)
    labels = tuple(sorted((name, pod.labels[name]) for name in asked if name in pod.labels))
    return Company(scope, Callers(pod.namespace, labels, scope))
