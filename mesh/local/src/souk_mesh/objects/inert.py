"""Kinds that are accepted because a cluster needs them, and that change nothing on one machine."""

from __future__ import annotations

from souk_mesh.objects.meta import Object, Unenforced

REASONS = {
    ("autoscaling/v2", "HorizontalPodAutoscaler"): "replicas are those of the Deployment; nothing measures load",
    ("policy/v1", "PodDisruptionBudget"): "there are no nodes to drain",
    ("networking.k8s.io/v1", "NetworkPolicy"): "loopback has no firewall: any process of this machine can connect",
    ("v1", "ResourceQuota"): "nothing divides this machine's processor and memory",
    ("v1", "LimitRange"): "nothing divides this machine's processor and memory",
    ("rbac.authorization.k8s.io/v1", "Role"): "there is no API server that would ask for permission",
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): "there is no API server that would ask for permission",
    ("scheduling.k8s.io/v1", "PriorityClass"): "there is one node, so there is nothing to choose",
}
"""Why each kind has no effect here."""


class Inert(Object):
    """An object that is kept and listed as not enforced; its spec is not looked at."""

    spec: object = None
    value: object = None
    description: str = ""
    global_default: bool = False
    rules: object = None
    role_ref: object = None
    subjects: object = None

    def unenforced(self) -> tuple[Unenforced, ...]:
        """The whole object."""
        return (Unenforced("", REASONS[self.api_version, self.kind]),)
