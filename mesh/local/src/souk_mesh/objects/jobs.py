"""Jobs: pods that run to their end."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from souk_mesh.objects.meta import Model, NotEnforced, Object
from souk_mesh.objects.pods import PodTemplate


class JobSpec(Model):
    """How often which pod must end well."""

    completions: int | None = Field(default=None, ge=0)
    """How many pods must end well. None: one of those that run beside each other, and then the others end, too."""
    parallelism: int = Field(default=1, ge=0)
    backoff_limit: int = Field(default=6, ge=0)
    """After how many failures no more is tried."""
    completion_mode: Literal["NonIndexed"] = "NonIndexed"
    suspend: Literal[False] = False
    template: PodTemplate
    active_deadline_seconds: Annotated[
        int | None, Field(ge=1), NotEnforced("a Job may take as long as it likes here")
    ] = None
    ttl_seconds_after_finished: Annotated[
        int | None, Field(ge=0), NotEnforced("a Job that has ended stays until it is removed, or the mesh ends")
    ] = None

    @model_validator(mode="after")
    def _ends(self) -> JobSpec:
        if self.template.spec.restart_policy == "Always":
            raise ValueError("the restartPolicy of its pods must be Never or OnFailure")
        return self

    @property
    def wanted(self) -> int | None:
        """How many pods must end well; None if that is not known before (a work queue)."""
        # As in Kubernetes: who says nothing at all means one pod, once.
        return 1 if self.completions is None and "parallelism" not in self.model_fields_set else self.completions


class Job(Object):
    """Runs pods until enough of them have ended well."""

    api_version: Literal["batch/v1"] = "batch/v1"
    kind: Literal["Job"] = "Job"
    spec: JobSpec
