"""Deployments: any number of like pods."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from souk_mesh.objects.meta import LabelSelector, Model, NotEnforced, Object
from souk_mesh.objects.pods import PodTemplate, restarted_always

Share = Annotated[int, Field(ge=0)] | Annotated[str, Field(pattern=r"^\d{1,3}%$")]
"""A number of pods, or a percentage of the replicas."""


class RollingUpdate(Model):
    """How far a rollout may stray from the wanted number of pods."""

    max_surge: Share = "25%"
    max_unavailable: Share = "25%"

    def surge(self, replicas: int) -> int:
        """How many pods there may be beyond `replicas`; a percentage is rounded up."""
        return self.max_surge if isinstance(self.max_surge, int) else -(-int(self.max_surge[:-1]) * replicas // 100)

    def unavailable(self, replicas: int) -> int:
        """How many of `replicas` may be missing; rounded down, but 1 when nothing could move otherwise."""
        share = self.max_unavailable
        count = share if isinstance(share, int) else int(share[:-1]) * replicas // 100
        return count or int(self.surge(replicas) == 0)


class DeploymentStrategy(Model):
    """How new pods replace old ones."""

    type: Literal["RollingUpdate", "Recreate"] = "RollingUpdate"
    rolling_update: RollingUpdate | None = None

    @model_validator(mode="after")
    def _fits(self) -> DeploymentStrategy:
        if self.type == "Recreate" and self.rolling_update is not None:
            raise ValueError("rollingUpdate is for the type RollingUpdate")
        return self

    @property
    def rolling(self) -> RollingUpdate:
        """The bounds of a rolling update, Kubernetes' own where none are given."""
        return self.rolling_update or RollingUpdate()


class DeploymentSpec(Model):
    """How many pods of which kind."""

    replicas: int = Field(default=1, ge=0)
    strategy: DeploymentStrategy = DeploymentStrategy()
    selector: LabelSelector
    template: PodTemplate
    min_ready_seconds: int = Field(default=0, ge=0)
    progress_deadline_seconds: Annotated[
        int, Field(ge=1), NotEnforced("a rollout that is stuck stays so; `souk status` says why", unless=(600,))
    ] = 600
    revision_history_limit: Annotated[int | None, NotEnforced("no earlier revision is kept")] = None

    @model_validator(mode="after")
    def _restarts(self) -> DeploymentSpec:
        restarted_always(self.template)
        return self


class Deployment(Object):
    """Keeps a number of like pods running."""

    api_version: Literal["apps/v1"] = "apps/v1"
    kind: Literal["Deployment"] = "Deployment"
    spec: DeploymentSpec
