"""What pods refer to: ConfigMaps, Secrets, claims, accounts."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import View
from souk_mesh.check.workloads import POD, containers
from souk_mesh.objects import (
    AnyObject,
    ConfigMap,
    Container,
    PersistentVolumeClaim,
    Secret,
    ServiceAccount,
    Volume,
    Workload,
)
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity

Content = type[ConfigMap] | type[Secret]
Reference = tuple[Steps, Content, str, tuple[str, ...], bool]
"""Where it stands, what it means, its name, the keys that are needed, whether it may be missing."""


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
    steps, kind, name, keys, optional = reference
    found = view.objects.get(kind, workload.metadata.namespace, name)
    if optional:
        return
    if found is None or not isinstance(found, ConfigMap | Secret):
        yield from _missing(view, workload, (*steps, "secretName" if steps[-1] == "secret" else "name"), kind, name)
        return
    for key in keys:
        if key not in found.content:
            known = ", ".join(sorted(found.content)) or "none"
            yield Problem(workload.key, (*steps, "key"), f'"{key}" is not in {found.key}', (f"its keys: {known}",))


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
            selector = source.config_map_key_ref
            yield (*where, "configMapKeyRef"), ConfigMap, selector.name, (selector.key,), selector.optional
        if source is not None and source.secret_key_ref is not None:
            selector = source.secret_key_ref
            yield (*where, "secretKeyRef"), Secret, selector.name, (selector.key,), selector.optional
    for index, group in enumerate(container.env_from):
        where = (*steps, "envFrom", index)
        if group.config_map_ref is not None:
            yield (*where, "configMapRef"), ConfigMap, group.config_map_ref.name, (), group.config_map_ref.optional
        if group.secret_ref is not None:
            yield (*where, "secretRef"), Secret, group.secret_ref.name, (), group.secret_ref.optional


def _volume(steps: Steps, volume: Volume) -> Iterator[Reference]:
    if volume.config_map is not None:
        keys = tuple(item.key for item in volume.config_map.items)
        yield (*steps, "configMap"), ConfigMap, volume.config_map.name, keys, volume.config_map.optional
    if volume.secret is not None:
        keys = tuple(item.key for item in volume.secret.items)
        yield (*steps, "secret"), Secret, volume.secret.secret_name, keys, volume.secret.optional
    for index, source in enumerate(volume.projected.sources if volume.projected is not None else ()):
        where = (*steps, "projected", "sources", index)
        for field, kind, part in (("configMap", ConfigMap, source.config_map), ("secret", Secret, source.secret)):
            if part is not None:
                yield (*where, field), kind, part.name, tuple(item.key for item in part.items), part.optional
