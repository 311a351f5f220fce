"""The folders behind a pod's volumes."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from souk_mesh.objects import (
    ConfigMap,
    ConfigMapVolume,
    Container,
    KeyToPath,
    ProjectedReference,
    ProjectedVolume,
    Secret,
    SecretVolume,
    Volume,
)
from souk_mesh.state import StateDir
from souk_mesh.workloads.environment import Entries, Unresolvable
from souk_mesh.workloads.pod import PodIdentity

Kind = type[ConfigMap] | type[Secret]


@dataclass(frozen=True)
class Volumes:
    """Makes and removes the folders of pods."""

    state: StateDir
    entries: Entries

    def prepare(self, pod: PodIdentity) -> Mapping[str, Path]:
        """Makes the folders of a pod's volumes, by the names of the volumes.

        Raises:
            Unresolvable: a ConfigMap, Secret or entry that is not optional is missing.
        """
        return {volume.name: self._folder(volume, pod) for volume in pod.template.spec.volumes}

    def discard(self, pod: PodIdentity) -> None:
        """Removes what should not outlive a pod; claims stay."""
        shutil.rmtree(self.state.pods / pod.place, ignore_errors=True)

    def _folder(self, volume: Volume, pod: PodIdentity) -> Path:
        if volume.persistent_volume_claim is not None:
            folder = self.state.volumes / pod.namespace / volume.persistent_volume_claim.claim_name
            folder.mkdir(parents=True, exist_ok=True)
            return folder
        folder = self.state.pods / pod.place / "volumes" / volume.name
        folder.mkdir(parents=True, mode=0o700, exist_ok=True)
        if volume.config_map is not None:
            source = volume.config_map
            self._write(folder, pod, ConfigMap, source.name, source)
        if volume.secret is not None:
            self._write(folder, pod, Secret, volume.secret.secret_name, volume.secret)
        if volume.projected is not None:
            self._project(folder, pod, volume.projected)
        return folder

    def _project(self, folder: Path, pod: PodIdentity, volume: ProjectedVolume) -> None:
        for source in volume.sources:
            if source.config_map is not None:
                self._write(folder, pod, ConfigMap, source.config_map.name, source.config_map)
            if source.secret is not None:
                self._write(folder, pod, Secret, source.secret.name, source.secret)

    def _write(
        self,
        folder: Path,
        pod: PodIdentity,
        kind: Kind,
        name: str,
        source: ConfigMapVolume | SecretVolume | ProjectedReference,
    ) -> None:
        found = self.entries.get_map(kind, pod.namespace, name)
        if found is None:
            if source.optional:
                return
            raise Unresolvable(f"{kind.__name__} {pod.namespace}/{name} does not exist")
        for item in source.items or tuple(KeyToPath(key=key, path=key) for key in found):
            if item.key not in found:
                raise Unresolvable(f'{kind.__name__} {pod.namespace}/{name} has no entry "{item.key}"')
            _write_file(folder, item.path, found[item.key], 0o600 if kind is Secret else 0o644)


def mounts(container: Container, folders: Mapping[str, Path]) -> Mapping[str, str]:
    """Says which folder stands for which mount path of a container, and makes sub-paths."""
    found: dict[str, str] = {}
    for mount in container.volume_mounts:
        place = folders[mount.name] / mount.sub_path if mount.sub_path else folders[mount.name]
        if not place.exists():
            place.mkdir(parents=True)
        found[mount.mount_path] = str(place)
    return found


def _write_file(folder: Path, path: str, content: bytes, mode: int) -> None:
    file = (folder / path).resolve()
    if not file.is_relative_to(folder.resolve()):
        raise Unresolvable(f'"{path}" leads out of its volume')
    file.parent.mkdir(parents=True, exist_ok=True)
    # The mode is given at creation: a secret is at no moment readable by others.
    with os.fdopen(os.open(file, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode), "wb") as target:
        target.write(content)
