"""What pods refer to: ConfigMaps, Secrets, claims, accounts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from souk_mesh.check.view import View
from souk_mesh.check.workloads import POD, containers
from souk_mesh.objects import (
    AnyObject,
    ConfigMap,
    Container,
    KeyToPath,
    ObjectKey,
    PersistentVolumeClaim,
    Secret,
    ServiceAccount,
    Volume,
    Workload,
)
from souk_mesh.objects.parsing import Steps
from souk_mesh.objects.pods import KeySelector
from souk_mesh.problems import Problem, Severity


@dataclass(frozen=True)
class Reference:
    """Where a pod names a ConfigMap or a Secret, and where it names which of the keys."""

    steps: Steps
    kind: type[ConfigMap] | type[Secret]
    name: str
    keys: tuple[tuple[Steps, str], ...]
    optional: bool


def problems(view: View) -> Iterator[Problem]:
    """Lists the references that lead nowhere."""
    for workload in view.workloads:
        pod = workload.spec.template.spec
        if pod.service_account_name != "default":
            steps = (*POD, "serviceAccountName")
            yield from _missing(view, workload, steps, ServiceAccount, pod.service_account_name)
        for index, volume in enumerate(pod.volumes):
            steps = (*POD, "volumes", index)
            if volume.persistent_volume_claim is not None:
                steps = (*steps, "persistentVolumeClaim", "claimName")
                name = volume.persistent_volume_claim.claim_name
                yield from _missing(view, workload, steps, PersistentVolumeClaim, name)
            for reference in _volume(steps, volume):
                yield from _content(view, workload, reference)
        for steps, container in containers(pod):
            for reference in _environment(steps, container):
                yield from _content(view, workload, reference)
            yield from _shown(workload, steps, container)


def _missing(view: View, workload: Workload, steps: Steps, kind: type[AnyObject], name: str) -> Iterator[Problem]:
    namespace = workload.metadata.namespace
    if view.objects.get(kind, namespace, name) is None:
        names = ", ".join(each.metadata.name for each in view.objects.list(kind, namespace)) or "none"
        others = [each.key for each in view.objects.list(kind) if each.metadata.name == name]
        known = f"{kind.__name__}s in {namespace}: {names}"
        notes = (known, "add it to the kustomization, or name one of these")
        if others:
            notes = (known, f"there is {others[0]}: a pod can use only what is in its own namespace")
        yield Problem(workload.key, steps, f'"{name}" is not defined', notes)


def _content(view: View, workload: Workload, reference: Reference) -> Iterator[Problem]:
    if reference.optional:
        return
    found = view.objects.get(reference.kind, workload.metadata.namespace, reference.name)
    if not isinstance(found, ConfigMap | Secret):
        maker = view.makers.get(ObjectKey(reference.kind.__name__, workload.metadata.namespace, reference.name))
        if maker is not None:
            notes = (f"{maker.key} would have it made: write a Secret of that name",)
            yield Problem(workload.key, reference.steps, f'"{reference.name}" is not made', notes, Severity.NOT_HERE)
            return
        yield from _missing(view, workload, reference.steps, reference.kind, reference.name)
        return
    for steps, key in reference.keys:
        if key not in found.content:
            known = ", ".join(sorted(found.content)) or "none"
            yield Problem(workload.key, steps, f'"{key}" is not in {found.key}', (f"its keys: {known}",))


def _shown(workload: Workload, steps: Steps, container: Container) -> Iterator[Problem]:
    """Secrets that would be arguments of a program."""
    sources = {each.name: each.value_from for each in container.env}
    secret = [name for name, source in sources.items() if source is not None and source.secret_key_ref is not None]
    for field, parts in (("command", container.command), ("args", container.args)):
        for index, part in enumerate(parts):
            for name in secret:
                if f"$({name})" in part:
                    notes = ("arguments can be read by every user of a machine: let the program read the variable",)
                    message = f"makes the Secret in {name} an argument"
                    yield Problem(workload.key, (*steps, field, index), message, notes, Severity.WARNING)


def _environment(steps: Steps, container: Container) -> Iterator[Reference]:
    for index, variable in enumerate(container.env):
        where: Steps = (*steps, "env", index, "valueFrom")
        source = variable.value_from
        if source is not None and source.config_map_key_ref is not None:
            yield _of_key((*where, "configMapKeyRef"), ConfigMap, source.config_map_key_ref)
        if source is not None and source.secret_key_ref is not None:
            yield _of_key((*where, "secretKeyRef"), Secret, source.secret_key_ref)
    for index, group in enumerate(container.env_from):
        where = (*steps, "envFrom", index)
        if (whole := group.config_map_ref) is not None:
            yield Reference((*where, "configMapRef", "name"), ConfigMap, whole.name, (), whole.optional)
        if (whole := group.secret_ref) is not None:
            yield Reference((*where, "secretRef", "name"), Secret, whole.name, (), whole.optional)


def _of_key(where: Steps, kind: type[ConfigMap] | type[Secret], selector: KeySelector) -> Reference:
    keys = (((*where, "key"), selector.key),)
    return Reference((*where, "name"), kind, selector.name, keys, selector.optional)


def _volume(steps: Steps, volume: Volume) -> Iterator[Reference]:
    if (settings := volume.config_map) is not None:
        where: Steps = (*steps, "configMap")
        yield Reference((*where, "name"), ConfigMap, settings.name, _keys(where, settings.items), settings.optional)
    if (secret := volume.secret) is not None:
        where = (*steps, "secret")
        yield Reference((*where, "secretName"), Secret, secret.secret_name, _keys(where, secret.items), secret.optional)
    for index, source in enumerate(volume.projected.sources if volume.projected is not None else ()):
        for field, kind, part in (("configMap", ConfigMap, source.config_map), ("secret", Secret, source.secret)):
            if part is not None:
                where = (*steps, "projected", "sources", index, field)
                yield Reference((*where, "name"), kind, part.name, _keys(where, part.items), part.optional)


def _keys(where: Steps, items: Sequence[KeyToPath]) -> tuple[tuple[Steps, str], ...]:
    return tuple(((*where, "items", index, "key"), item.key) for index, item in enumerate(items))
