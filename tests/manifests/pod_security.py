"""Kubernetes' Pod Security standard `restricted`, version 1.34, rule by rule, for pods as templates describe them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Part = Mapping[str, Any]

VOLUMES = {
    "configMap",
    "csi",
    "downwardAPI",
    "emptyDir",
    "ephemeral",
    "persistentVolumeClaim",
    "projected",
    "secret",
}
SYSCTLS = {
    "kernel.shm_rmid_forced",
    "net.ipv4.ip_local_port_range",
    "net.ipv4.ip_local_reserved_ports",
    "net.ipv4.ip_unprivileged_port_start",
    "net.ipv4.ping_group_range",
    "net.ipv4.tcp_fin_timeout",
    "net.ipv4.tcp_keepalive_intvl",
    "net.ipv4.tcp_keepalive_probes",
    "net.ipv4.tcp_keepalive_time",
    "net.ipv4.tcp_rmem",
    "net.ipv4.tcp_syncookies",
    "net.ipv4.tcp_wmem",
}


def violations(spec: Part) -> Sequence[str]:
    """What `restricted` has against a pod."""
    return [*_of_pod(spec), *(said for each in _containers(spec) for said in _of_container(spec, each))]


def _containers(spec: Part) -> Sequence[Part]:
    return [*spec.get("initContainers", ()), *spec["containers"], *spec.get("ephemeralContainers", ())]


def _of_pod(spec: Part) -> Iterator[str]:
    yield from (f"{name} is set" for name in ("hostNetwork", "hostPID", "hostIPC") if spec.get(name))
    for volume in spec.get("volumes", ()):
        if not volume.keys() - {"name"} <= VOLUMES:
            yield f"volume {volume['name']} is none of the allowed kinds"
    for sysctl in spec.get("securityContext", {}).get("sysctls", ()):
        if sysctl["name"] not in SYSCTLS:
            yield f"sysctl {sysctl['name']} is not safe"


def _of_container(spec: Part, container: Part) -> Iterator[str]:
    own = container.get("securityContext", {})
    either = {**spec.get("securityContext", {}), **own}
    name = container["name"]
    if own.get("privileged"):
        yield f"{name} is privileged"
    if own.get("allowPrivilegeEscalation") is not False:
        yield f"{name} may gain privileges"
    if "ALL" not in own.get("capabilities", {}).get("drop", ()):
        yield f"{name} keeps capabilities"
    if set(own.get("capabilities", {}).get("add", ())) - {"NET_BIND_SERVICE"}:
        yield f"{name} adds capabilities"
    if either.get("runAsNonRoot") is not True:
        yield f"{name} may run as root"
    if either.get("runAsUser") == 0:
        yield f"{name} runs as root"
    if either.get("seccompProfile", {}).get("type") not in ("RuntimeDefault", "Localhost"):
        yield f"{name} has no seccomp profile"
    if own.get("procMount", "Default") != "Default":
        yield f"{name} sees more of /proc"
    if any(port.get("hostPort") for port in container.get("ports", ())):
        yield f"{name} takes a port of the node"
    if any("host" in action for action in _actions(container)):
        yield f"{name} is probed at another host"


def _actions(container: Part) -> Iterator[Part]:
    hooks = container.get("lifecycle", {}).values()
    probes = [container.get(f"{kind}Probe", {}) for kind in ("startup", "readiness", "liveness")]
    for handler in (*hooks, *probes):
        yield from (handler[kind] for kind in ("httpGet", "tcpSocket") if kind in handler)
