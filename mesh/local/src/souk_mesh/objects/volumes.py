"""The folders that the containers of a pod can mount."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field, model_validator

from souk_mesh.objects.meta import NAME, Model, NotEnforced, exactly_one


class KeyToPath(Model):
    """An entry and the file it becomes."""

    key: str
    path: str
    mode: Annotated[int | None, NotEnforced("files here have this user's mode")] = None


class ClaimVolume(Model):
    """A claim, mounted."""

    claim_name: str
    read_only: Annotated[bool, NotEnforced("a folder here can be written to", unless=(False,))] = False


class ConfigMapVolume(Model):
    """A ConfigMap as files."""

    name: str
    items: tuple[KeyToPath, ...] = ()
    optional: bool = False
    default_mode: Annotated[int | None, NotEnforced("files here have this user's mode")] = None


class SecretVolume(Model):
    """A Secret as files."""

    secret_name: str
    items: tuple[KeyToPath, ...] = ()
    optional: bool = False
    default_mode: Annotated[int | None, NotEnforced("files here have this user's mode")] = None


class EmptyDirVolume(Model):
    """A folder that lives as long as the pod."""

    medium: Annotated[str, NotEnforced("it is a folder on disk", unless=("",))] = ""
    size_limit: Annotated[str | int | None, NotEnforced("nothing divides this machine's disk")] = None


class ProjectedReference(Model):
    """A ConfigMap or Secret inside a projected volume."""

    name: str
    items: tuple[KeyToPath, ...] = ()
    optional: bool = False


class Projection(Model):
    """One source of a projected volume."""

    config_map: ProjectedReference | None = None
    secret: ProjectedReference | None = None

    @model_validator(mode="after")
    def _one(self) -> Projection:
        exactly_one(self, "config_map", "secret")
        return self


class ProjectedVolume(Model):
    """Several sources in one folder."""

    sources: tuple[Projection, ...] = ()
    default_mode: Annotated[int | None, NotEnforced("files here have this user's mode")] = None


class Volume(Model):
    """A folder that containers of the pod can mount."""

    name: str = Field(pattern=NAME)
    persistent_volume_claim: ClaimVolume | None = None
    config_map: ConfigMapVolume | None = None
    secret: SecretVolume | None = None
    empty_dir: EmptyDirVolume | None = None
    projected: ProjectedVolume | None = None

    @model_validator(mode="after")
    def _one(self) -> Volume:
        exactly_one(self, "persistent_volume_claim", "config_map", "secret", "empty_dir", "projected")
        return self
