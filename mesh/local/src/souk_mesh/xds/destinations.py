"""Which policy holds for calls to a Service (DestinationRule)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from souk_mesh.objects import (
    ClientTLS,
    ConnectionPool,
    DestinationRule,
    LoadBalancerSettings,
    OutlierDetection,
    Service,
    TrafficPolicy,
)
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.configuration import ROOT_NAMESPACE
from souk_mesh.xds.view import full_host


@dataclass(frozen=True)
class Policy:
    """How some pods are called; what is None is as Istio does it without being told."""

    load_balancer: LoadBalancerSettings | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None

    def overridden(self, by: TrafficPolicy | None) -> Policy:
        """The same with the blocks of another in place of its own; a block is replaced whole."""
        if by is None:
            return self
        return Policy(
            load_balancer=by.load_balancer or self.load_balancer,
            connection_pool=by.connection_pool or self.connection_pool,
            outlier_detection=by.outlier_detection or self.outlier_detection,
            tls=by.tls or self.tls,
        )


@dataclass(frozen=True)
class SubsetPolicy:
    """Some pods of a Service and how they are called."""

    labels: Mapping[str, str]
    policy: Policy


@dataclass(frozen=True)
class DestinationPolicy:
    """How a Service is called, and which subsets it has."""

    policy: Policy = Policy()
    subsets: Mapping[str, SubsetPolicy] = field(default_factory=dict)


@dataclass(frozen=True)
class Callee:
    """A Service, as callers of one namespace see it."""

    key: ServiceKey
    service: Service
    policy: DestinationPolicy


Callees = Mapping[str, Callee]
"""What callers can name, by its full host."""


class RulesByHost:
    """The DestinationRules of a mesh, to be found by whom they are for."""

    def __init__(self, rules: Iterable[DestinationRule]) -> None:
        self._by_namespace: dict[str, dict[str, list[DestinationRule]]] = {}
        for rule in rules:
            hosts = self._by_namespace.setdefault(rule.metadata.namespace, {})
            hosts.setdefault(full_host(rule.spec.host, rule.metadata.namespace), []).append(rule)

    def of(self, caller_namespace: str, key: ServiceKey) -> tuple[DestinationRule, ...]:
        """What callers in a namespace go by: their own namespace's rules, else the Service's, else the mesh's."""
        namespaces = [key.namespace, ROOT_NAMESPACE]
        if caller_namespace != ROOT_NAMESPACE:
            namespaces.insert(0, caller_namespace)
        return next((tuple(found) for found in (self._most_specific(each, key) for each in namespaces) if found), ())

    def _most_specific(self, namespace: str, key: ServiceKey) -> Sequence[DestinationRule]:
        hosts = self._by_namespace.get(namespace, {})
        if key.host in hosts:
            return hosts[key.host]
        wildcards = [host for host in hosts if host.startswith("*") and covers(host, key.host)]
        return hosts[max(wildcards, key=len)] if wildcards else ()


def covers(pattern: str, host: str) -> bool:
    """Whether a host, perhaps with a leading wildcard, means another."""
    return host.endswith(pattern[1:]) if pattern.startswith("*") else pattern == host


def merged(rules: Iterable[DestinationRule]) -> DestinationPolicy:
    """What rules for one host say together; of what two of them say, the first counts."""
    rules = tuple(rules)
    policies = (rule.spec.traffic_policy for rule in rules)
    policy = Policy().overridden(next((each for each in policies if each is not None), None))
    subsets: dict[str, SubsetPolicy] = {}
    for rule in rules:
        for subset in rule.spec.subsets:
            subsets.setdefault(subset.name, SubsetPolicy(subset.labels, policy.overridden(subset.traffic_policy)))
    return DestinationPolicy(policy, subsets)
