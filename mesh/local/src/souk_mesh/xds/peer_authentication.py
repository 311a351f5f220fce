"""Whether a pod takes plain text (PeerAuthentication)."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from enum import StrEnum

from souk_mesh.objects import PeerAuthentication
from souk_mesh.topology import Pod, Proxy
from souk_mesh.xds.configuration import ROOT_NAMESPACE


class PeerMode(StrEnum):
    """What a port takes."""

    STRICT = "STRICT"
    PERMISSIVE = "PERMISSIVE"
    DISABLE = "DISABLE"


def peer_mode(rules: Sequence[PeerAuthentication], pod: Pod, port: int) -> PeerMode:
    """What `port` of `pod` takes: port before workload before namespace before mesh; among equals the oldest."""
    local = [rule for rule in rules if rule.metadata.namespace == pod.namespace]
    # A selector in the root namespace has no effect: it can't tell whose workloads it means.
    workload = [] if pod.namespace == ROOT_NAMESPACE else [rule for rule in local if _selects(rule, pod)]
    namespace = [rule for rule in local if not _selective(rule)]
    mesh = [rule for rule in rules if rule.metadata.namespace == ROOT_NAMESPACE and not _selective(rule)]
    levels = (
        _first(rule.spec.port_level_mtls[port].mode for rule in workload[:1] if port in rule.spec.port_level_mtls),
        _first(rule.spec.mtls.mode for rule in workload[:1]),
        _first(rule.spec.mtls.mode for rule in namespace[:1]),
        _first(rule.spec.mtls.mode for rule in mesh[:1]),
    )
    return next((level for level in levels if level is not None), PeerMode.PERMISSIVE)


def namespace_mode(rules: Sequence[PeerAuthentication], namespace: str) -> PeerMode:
    """What pods of a namespace take if nothing is said of them by themselves: what callers go by."""
    standing = [rule for rule in rules if not _selective(rule)]
    levels = (
        _first(rule.spec.mtls.mode for rule in standing if rule.metadata.namespace == each)
        for each in (namespace, ROOT_NAMESPACE)
    )
    return next((level for level in levels if level is not None), PeerMode.PERMISSIVE)


def takes_mutual_tls(rules: Sequence[PeerAuthentication], pod: Pod, port: int) -> bool:
    """Whether callers encrypt to this endpoint of their own accord (auto mTLS)."""
    # A gateway carries no tlsMode label: its port speaks what the Gateway object says.
    return pod.proxy is Proxy.SIDECAR and peer_mode(rules, pod, port) is not PeerMode.DISABLE


def _selective(rule: PeerAuthentication) -> bool:
    return rule.spec.selector is not None and bool(rule.spec.selector.match_labels)


def _selects(rule: PeerAuthentication, pod: Pod) -> bool:
    return _selective(rule) and rule.spec.selector is not None and rule.spec.selector.matches(pod.labels)


def _first(modes: Iterable[str]) -> PeerMode | None:
    mode = next(iter(modes), "UNSET")
    return None if mode == "UNSET" else PeerMode(mode)
