"""StatefulSets: pods with names and claims that last."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from souk_mesh.objects.core import PersistentVolumeClaimSpec
from souk_mesh.objects.meta import NAME, LabelSelector, Model, NotEnforced, Object
from souk_mesh.objects.pods import PodTemplate, restarted_always


class OrderedUpdate(Model):
    """How far an update goes: pods with an ordinal below `partition` keep the template that they have."""

    partition: int = Field(default=0, ge=0)


class StatefulSetUpdateStrategy(Model):
    """How a changed template reaches the pods."""

    type: Literal["RollingUpdate", "OnDelete"] = "RollingUpdate"
    rolling_update: OrderedUpdate | None = None

    @model_validator(mode="after")
    def _fits(self) -> StatefulSetUpdateStrategy:
        if self.type == "OnDelete" and self.rolling_update is not None:
            raise ValueError("rollingUpdate is for the type RollingUpdate")
        return self

    @property
    def partition(self) -> int:
        """The first ordinal, counted from the first pod, that is updated."""
        return self.rolling_update.partition if self.rolling_update else 0


class ClaimMetadata(Model):
    """What a claim is called, before the name of its pod is added."""

    name: str = Field(pattern=NAME)
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class ClaimTemplate(Model):
    """A claim that every pod gets for itself and finds again."""

    api_version: Literal["v1"] = "v1"
    kind: Literal["PersistentVolumeClaim"] = "PersistentVolumeClaim"
    metadata: ClaimMetadata
    spec: PersistentVolumeClaimSpec


class Ordinals(Model):
    """Where the numbers of the pods begin."""

    start: int = Field(default=0, ge=0)


class ClaimRetention(Model):
    """What becomes of claims; here, as by default in a cluster, they stay."""

    when_deleted: Literal["Retain"] = "Retain"
    when_scaled: Literal["Retain"] = "Retain"


class StatefulSetSpec(Model):
    """How many pods of which kind, in which order."""

    replicas: int = Field(default=1, ge=0)
    service_name: str = ""
    """The headless Service that gives each pod a name of its own."""
    selector: LabelSelector
    template: PodTemplate
    pod_management_policy: Literal["OrderedReady", "Parallel"] = "OrderedReady"
    update_strategy: StatefulSetUpdateStrategy = StatefulSetUpdateStrategy()
    volume_claim_templates: tuple[ClaimTemplate, ...] = ()
    min_ready_seconds: int = Field(default=0, ge=0)
    ordinals: Ordinals = Ordinals()
    persistent_volume_claim_retention_policy: ClaimRetention = ClaimRetention()
    revision_history_limit: Annotated[int | None, NotEnforced("no earlier revision is kept")] = None

    @model_validator(mode="after")
    def _restarts(self) -> StatefulSetSpec:
        restarted_always(self.template)
        return self


class StatefulSet(Object):
    """Keeps pods running that are told apart: `name-0`, `name-1` and so on."""

    api_version: Literal["apps/v1"] = "apps/v1"
    kind: Literal["StatefulSet"] = "StatefulSet"
    spec: StatefulSetSpec
