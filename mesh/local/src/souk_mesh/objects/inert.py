"""Kinds that are accepted because a cluster needs them, and that change nothing on one machine."""

from __future__ import annotations

from collections.abc import Mapping

from souk_mesh.objects.meta import Object, ObjectKey, Unenforced

_ONE_LOG = "there is one access log, that of `souk logs`, and no exporter to choose"
_NO_OPERATOR = "no operator is run here: whoever needs what it would make brings it"

REASONS = {
    ("autoscaling/v2", "HorizontalPodAutoscaler"): "replicas are those of the Deployment; nothing measures load",
    ("policy/v1", "PodDisruptionBudget"): "there are no nodes to drain",
    ("networking.k8s.io/v1", "NetworkPolicy"): "loopback has no firewall: any process of this machine can connect",
    ("v1", "ResourceQuota"): "nothing divides this machine's processor and memory",
    ("v1", "LimitRange"): "nothing divides this machine's processor and memory",
    ("rbac.authorization.k8s.io/v1", "Role"): "there is no API server that would ask for permission",
    ("rbac.authorization.k8s.io/v1", "RoleBinding"): "there is no API server that would ask for permission",
    ("scheduling.k8s.io/v1", "PriorityClass"): "there is one node, so there is nothing to choose",
    ("telemetry.istio.io/v1", "Telemetry"): _ONE_LOG,
    ("telemetry.istio.io/v1alpha1", "Telemetry"): _ONE_LOG,
    ("cert-manager.io/v1", "Certificate"): _NO_OPERATOR,
    ("external-secrets.io/v1", "ExternalSecret"): _NO_OPERATOR,
    ("postgresql.cnpg.io/v1", "Cluster"): _NO_OPERATOR,
    ("postgresql.cnpg.io/v1", "Database"): _NO_OPERATOR,
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

    @property
    def secret(self) -> ObjectKey | None:
        """The Secret that an operator would make of it, if it is of a kind for that."""
        spec = self.spec if isinstance(self.spec, Mapping) else {}
        name: object = None
        match self.kind:
            case "ExternalSecret":
                target = spec.get("target")
                name = (target.get("name") if isinstance(target, Mapping) else None) or self.metadata.name
            case "Certificate":
                name = spec.get("secretName")
        return ObjectKey("Secret", self.metadata.namespace, name) if isinstance(name, str) else None
