"""Which policy holds for calls to a Service (DestinationRule)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from souk_mesh.objects import (
    ClientTLS,
    ConnectionPool,
    DestinationRule,
    LoadBalancerSettings,
    OutlierDetection,
    TrafficPolicy,
)
from souk_mesh.topology import ServiceKey
from souk_mesh.xds.configuration import ROOT_NAMESPACE, Configuration
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


def destination_policy(configuration: Configuration, caller_namespace: str, key: ServiceKey) -> DestinationPolicy:
    """What callers in `caller_namespace` go by: their own namespace's rules, else the Service's, else the mesh's."""
    namespaces = [key.namespace, ROOT_NAMESPACE]
    if caller_namespace != ROOT_NAMESPACE:
        namespaces.insert(0, caller_namespace)
    for namespace in namespaces:
        rules = _most_specific(configuration, namespace, key)
        if rules:
            return _merged(rules)
    return DestinationPolicy()


def _most_specific(configuration: Configuration, namespace: str, key: ServiceKey) -> Sequence[DestinationRule]:
    by_host: dict[str, list[DestinationRule]] = {}
    for rule in configuration.destination_rules:
        host = full_host(rule.spec.host, rule.metadata.namespace)
        if rule.metadata.namespace == namespace and covers(host, key.host):
            by_host.setdefault(host, []).append(rule)
    return by_host[max(by_host, key=lambda host: (not host.startswith("*"), len(host)))] if by_host else ()


def covers(pattern: str, host: str) -> bool:
    """Whether a host, perhaps with a leading wildcard, means another."""
    return host.endswith(pattern[1:]) if pattern.startswith("*") else pattern == host


def _merged(rules: Sequence[DestinationRule]) -> DestinationPolicy:
    policies = (rule.spec.traffic_policy for rule in rules)
    policy = Policy().overridden(next((each for each in policies if each is not None), None))
    subsets: dict[str, SubsetPolicy] = {}
    for rule in rules:
        for subset in rule.spec.subsets:
            subsets.setdefault(subset.name, SubsetPolicy(subset.labels, policy.overridden(subset.traffic_policy)))
    return DestinationPolicy(policy, subsets)
