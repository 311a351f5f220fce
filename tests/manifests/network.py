"""Who reaches whom by NetworkPolicies, and who is let in by AuthorizationPolicies, both worked out from manifests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from tests.manifests.overlays import Manifest, Overlay, pod

NAMESPACE = "souk"
NAMESPACE_NAME = "kubernetes.io/metadata.name"
ACCOUNT = f"cluster.local/ns/{NAMESPACE}/sa/"

Direction = Literal["Ingress", "Egress"]


@dataclass(frozen=True)
class Pod:
    """One end of a connection."""

    namespace: str
    labels: Mapping[str, str]
    name: str = ""
    account: str = ""


@dataclass(frozen=True)
class Edge:
    """A connection that may be opened: from the pods of one Deployment to a port of those of another."""

    caller: str
    callee: str
    port: int


@dataclass(frozen=True)
class Network:
    """What a network plugin makes of an overlay's NetworkPolicies."""

    policies: Sequence[Manifest]

    def reaches(self, caller: Pod, callee: Pod, port: int, protocol: str = "TCP") -> bool:
        """Whether the plugin lets a connection through."""
        out = self.allows("Egress", caller, callee, port, protocol)
        return out and self.allows("Ingress", callee, caller, port, protocol)

    def allows(self, direction: Direction, own: Pod, peer: Pod, port: int, protocol: str = "TCP") -> bool:
        """Whether the policies of one end let it through."""
        selecting = [
            policy.spec
            for policy in self.policies
            if own.namespace == NAMESPACE
            and direction in policy.spec["policyTypes"]
            and chosen(policy.spec["podSelector"], own.labels)
        ]
        rules = [rule for spec in selecting for rule in spec.get(direction.lower(), ())]
        return not selecting or any(_matches(direction, rule, peer, port, protocol) for rule in rules)


def _matches(direction: Direction, rule: Mapping[str, Any], peer: Pod, port: int, protocol: str) -> bool:
    peers = rule.get("from" if direction == "Ingress" else "to", ())
    ports = rule.get("ports", ())
    to_port = not ports or any((each["port"], each["protocol"]) == (port, protocol) for each in ports)
    return to_port and (not peers or any(_is(each, peer) for each in peers))


def _is(entry: Mapping[str, Any], peer: Pod) -> bool:
    assert entry.keys() <= {"podSelector", "namespaceSelector"}, f"this reads no {entry.keys()}"
    there = {NAMESPACE_NAME: peer.namespace}
    at_home = peer.namespace == NAMESPACE
    in_namespace = chosen(entry["namespaceSelector"], there) if "namespaceSelector" in entry else at_home
    return in_namespace and chosen(entry.get("podSelector", {}), peer.labels)


def chosen(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    """Whether a selector of Kubernetes chooses these labels."""
    assert selector.keys() <= {"matchLabels", "matchExpressions"}, selector
    expressions = selector.get("matchExpressions", ())
    assert all(each["operator"] == "In" for each in expressions), selector
    return selector.get("matchLabels", {}).items() <= labels.items() and all(
        labels.get(each["key"]) in each["values"] for each in expressions
    )


def pods(overlay: Overlay) -> Sequence[Pod]:
    """One of each Deployment."""
    return [
        Pod(NAMESPACE, each.spec["template"]["metadata"]["labels"], each.name, pod(each)["serviceAccountName"])
        for each in overlay.of("Deployment")
    ]


def opened(overlay: Overlay) -> Sequence[int]:
    """Every port of every container."""
    return sorted({port["containerPort"] for each in overlay.containers for port in each.body.get("ports", ())})


def by_network(overlay: Overlay) -> set[Edge]:
    """The connections that NetworkPolicies let through."""
    network = Network(overlay.of("NetworkPolicy"))
    return {
        Edge(caller.name, callee.name, port)
        for caller in pods(overlay)
        for callee in pods(overlay)
        for port in opened(overlay)
        if network.reaches(caller, callee, port)
    }


def by_authorization(overlay: Overlay) -> set[Edge]:
    """The connections on which some call is let in; who is not named is not among them."""
    return {
        Edge(caller.name, callee.name, int(port))
        for policy in overlay.of("AuthorizationPolicy")
        for principal, port in _let_in(policy)
        for caller in pods(overlay)
        for callee in pods(overlay)
        if caller.account == principal and chosen(policy.spec["selector"], callee.labels)
    }


def _let_in(policy: Manifest) -> Iterator[tuple[str, str]]:
    for rule in policy.spec.get("rules", ()):
        principals = [each for entry in rule.get("from", ()) for each in entry["source"]["principals"]]
        ports = [port for entry in rule["to"] for port in entry["operation"]["ports"]]
        yield from ((principal.removeprefix(ACCOUNT), port) for principal in principals for port in ports)


def known(overlay: Overlay) -> set[tuple[str, str]]:
    """Whose proxy knows whom, by Sidecars: caller and callee, but not itself. A gateway's proxy has no Sidecar."""
    services = {f"./{each.name}.{NAMESPACE}.svc.cluster.local": each for each in overlay.of("Service")}
    return {
        (caller.name, callee.name)
        for caller in overlay.of("Deployment")
        if pod(caller)["containers"][0]["name"] != "istio-proxy"
        for host in _hosts(overlay, caller.spec["template"]["metadata"]["labels"])
        if host in services
        for callee in overlay.pods_behind(services[host])
        if caller.name != callee.name
    }


def _hosts(overlay: Overlay, labels: Mapping[str, str]) -> Sequence[str]:
    sidecars = overlay.of("Sidecar")
    own = [each for each in sidecars if "workloadSelector" in each.spec and _selects(each, labels)]
    usual = [each for each in sidecars if "workloadSelector" not in each.spec]
    (sidecar,) = own or usual
    return [host for listener in sidecar.spec["egress"] for host in listener["hosts"]]


def _selects(sidecar: Manifest, labels: Mapping[str, str]) -> bool:
    return bool(sidecar.spec["workloadSelector"]["labels"].items() <= labels.items())
