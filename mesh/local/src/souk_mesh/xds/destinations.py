"""How a Service is called, and which subsets it has: what the DestinationRules for it say together."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from souk_mesh.objects import (
    ClientTLS,
    ConnectionPool,
    DestinationRule,
    LoadBalancerSettings,
    OutlierDetection,
    RetryBudget,
    Service,
    ServiceEntry,
    TrafficPolicy,
)
from souk_mesh.topology import ServiceKey


@dataclass(frozen=True)
class Policy:
    """How some pods are called; what is None is as Istio does it without being told."""

    load_balancer: LoadBalancerSettings | None = None
    connection_pool: ConnectionPool | None = None
    outlier_detection: OutlierDetection | None = None
    tls: ClientTLS | None = None
    retry_budget: RetryBudget | None = None


@dataclass(frozen=True)
class SubsetPolicy:
    """Some pods of a Service, and what is said of them alone."""

    labels: Mapping[str, str]
    policy: TrafficPolicy | None


@dataclass(frozen=True)
class DestinationPolicy:
    """How a Service is called, and which subsets it has."""

    policy: TrafficPolicy | None = None
    subsets: Mapping[str, SubsetPolicy] = field(default_factory=dict)
    selective: bool = False
    """Whether it comes from a rule with a workloadSelector: only those may name Secrets."""

    def of(self, port: int, subset: str = "") -> Policy:
        """How one port of the Service, or of a subset of it, is called.

        What is said of a port replaces everything that is said of all ports. What a subset says replaces what is said
        of the Service block by block, and whole where it speaks of the port.
        """
        service, _ = _at_port(self.policy, port)
        said = self.subsets[subset].policy if subset in self.subsets else None
        if said is None:
            return service
        own, of_port = _at_port(said, port)
        if of_port:
            return replace(own, retry_budget=own.retry_budget or service.retry_budget)
        return Policy(
            load_balancer=own.load_balancer or service.load_balancer,
            connection_pool=own.connection_pool or service.connection_pool,
            outlier_detection=own.outlier_detection or service.outlier_detection,
            tls=own.tls or service.tls,
            retry_budget=own.retry_budget or service.retry_budget,
        )

    def tls_of_endpoints(self, port: int, subset: str) -> ClientTLS | None:
        """What decides whether endpoints are encrypted to; they decide themselves when it is None.

        As in Istio, what is said of a port counts here only if it speaks of TLS.
        """
        said = self.subsets[subset].policy if subset in self.subsets else None
        return _said_of_tls(said, port) or _said_of_tls(self.policy, port)

    def originated(self, port: int, *, router: bool) -> tuple[ClientTLS, ...]:
        """How TLS is begun that is not the mesh's own, on one port of the Service and its subsets.

        A sidecar may not use a Secret that a rule for every pod names: Istio lets it call in plain text.
        """
        found = (self.of(port, each).tls for each in ("", *self.subsets))
        honoured = (
            each for each in found if each is not None and (router or self.selective or not each.credential_name)
        )
        return tuple(each for each in honoured if each.mode in ("SIMPLE", "MUTUAL"))


@dataclass(frozen=True)
class Callee:
    """What can be called, as some callers see it."""

    key: ServiceKey
    service: Service
    policy: DestinationPolicy
    entry: ServiceEntry | None = None
    """Where it comes from, if not from a Kubernetes Service."""


Callees = Mapping[str, Callee]
"""What callers can name, by its full host."""


def merged(rules: Iterable[DestinationRule]) -> DestinationPolicy:
    """What rules for one host say together; of what two of them say, the first counts."""
    rules = tuple(rules)
    policies = (rule.spec.traffic_policy for rule in rules)
    subsets: dict[str, SubsetPolicy] = {}
    for rule in rules:
        for subset in rule.spec.subsets:
            subsets.setdefault(subset.name, SubsetPolicy(subset.labels, subset.traffic_policy))
    return DestinationPolicy(
        policy=next((each for each in policies if each is not None), None),
        subsets=subsets,
        selective=any(rule.spec.workload_selector is not None for rule in rules[:1]),
    )


def _said_of_tls(policy: TrafficPolicy | None, port: int) -> ClientTLS | None:
    if policy is None:
        return None
    at_port = (each.tls for each in policy.port_level_settings if each.port.number == port)
    return next((each for each in at_port if each is not None), policy.tls)


def _at_port(policy: TrafficPolicy | None, port: int) -> tuple[Policy, bool]:
    """What a policy says of a port, and whether it speaks of that port."""
    if policy is None:
        return Policy(), False
    for each in policy.port_level_settings:
        if each.port.number == port:
            return Policy(each.load_balancer, each.connection_pool, each.outlier_detection, each.tls), True
    return (
        Policy(policy.load_balancer, policy.connection_pool, policy.outlier_detection, policy.tls, policy.retry_budget),
        False,
    )
