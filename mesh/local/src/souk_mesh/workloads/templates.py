"""From the template of a workload to that of one of its pods."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from souk_mesh.objects import PodTemplate, Volume
from souk_mesh.objects.volumes import ClaimVolume
from souk_mesh.workloads.naming import template_hash


def revision(template: PodTemplate) -> str:
    """The hash of a workload's template: pods that carry it are up to date."""
    return template_hash(template.model_dump(mode="json", by_alias=True, exclude_unset=True))


def labelled(template: PodTemplate, labels: Mapping[str, str]) -> PodTemplate:
    """The template with the labels that a workload gives its pods."""
    metadata = template.metadata.model_copy(update={"labels": {**template.metadata.labels, **labels}})
    return template.model_copy(update={"metadata": metadata})


def claiming(template: PodTemplate, names: Sequence[str], pod: str) -> PodTemplate:
    """The template with a claim of the pod's own, `<claim>-<pod>`, for each of these volumes."""
    others = [volume for volume in template.spec.volumes if volume.name not in names]
    own = [Volume(name=name, persistent_volume_claim=ClaimVolume(claim_name=f"{name}-{pod}")) for name in names]
    spec = template.spec.model_copy(update={"volumes": (*others, *own)})
    return template.model_copy(update={"spec": spec})
