"""Workloads: selector, image, ports, volumes."""

from __future__ import annotations

from collections.abc import Iterator

from souk_mesh.check.view import View
from souk_mesh.images import UnknownImage
from souk_mesh.objects import Container, Job, Namespace, PodSpec, StatefulSet, Workload
from souk_mesh.objects.parsing import Steps
from souk_mesh.problems import Problem, Severity
from souk_mesh.topology import LOWEST_PORT, NO_PRIVILEGES, Proxy

POD: Steps = ("spec", "template", "spec")


def problems(view: View) -> Iterator[Problem]:
    """Lists what is wrong with each workload by itself."""
    for workload in view.workloads:
        yield from _selector(workload)
        yield from _namespace(view, workload)
        yield from _ports(workload)
        for steps, container in containers(workload.spec.template.spec):
            yield from _image(view, workload, steps, container)
            yield from _probe_ports(workload, steps, container)
            yield from _mounts(workload, steps, container)


def containers(pod: PodSpec) -> Iterator[tuple[Steps, Container]]:
    """Lists the containers of a pod, and where each stands in its workload."""
    for field, members in (("initContainers", pod.init_containers), ("containers", pod.containers)):
        for index, container in enumerate(members):
            yield (*POD, field, index), container


def _selector(workload: Workload) -> Iterator[Problem]:
    if isinstance(workload, Job):
        return
    selector, labels = workload.spec.selector, workload.spec.template.metadata.labels
    steps: Steps = ("spec", "selector", "matchLabels")
    if not selector.match_labels:
        yield Problem(workload.key, steps, "is empty", ("name labels that only its own pods have",))
    elif not selector.matches(labels):
        shown = ", ".join(f"{name}={value}" for name, value in selector.match_labels.items())
        given = ", ".join(f"{name}={value}" for name, value in labels.items()) or "none"
        yield Problem(
            workload.key,
            steps,
            f"({shown}) does not match the labels of its own template",
            (f"template labels: {given}", "make the two agree"),
        )


def _namespace(view: View, workload: Workload) -> Iterator[Problem]:
    name = workload.metadata.namespace
    if name != "default" and view.objects.get(Namespace, "", name) is None:
        notes = (f"add a Namespace {name} to the kustomization",)
        yield Problem(workload.key, ("metadata", "namespace"), f'"{name}" is not defined', notes)


def _image(view: View, workload: Workload, steps: Steps, container: Container) -> Iterator[Problem]:
    where = (*steps, "image")
    try:
        found = view.images.find(container.image)
    except UnknownImage as missing:
        message = f'"{container.image}" has no local program'
        notes = (str(missing), "the table is souk_mesh/images.toml")
        yield Problem(workload.key, where, message, notes, Severity.NOT_HERE)
        return
    pod = workload.spec.template.spec
    if isinstance(found, Proxy) and (pod.init_containers or len(pod.containers) > 1):
        message = f'"{container.image}" is the proxy alone, but the pod has other containers'
        yield Problem(workload.key, where, message, ("give them a Deployment of their own",))


def _ports(workload: Workload) -> Iterator[Problem]:
    owners: dict[int, str] = {}
    for steps, container in containers(workload.spec.template.spec):
        for index, port in enumerate(container.ports):
            where = (*steps, "ports", index, "containerPort")
            number = port.container_port
            if number < LOWEST_PORT:
                yield too_low(workload, where, number)
            if number in owners:
                notes = ("the containers of a pod share one address",)
                yield Problem(workload.key, where, f'{number} is also a port of container "{owners[number]}"', notes)
            owners[number] = container.name


def too_low(thing: Workload, where: Steps, number: int) -> Problem:
    """Refuses a port that would need privileges."""
    notes = (NO_PRIVILEGES,)
    return Problem(thing.key, where, f"{number} is a privileged port", notes, Severity.NOT_HERE)


def _probe_ports(workload: Workload, steps: Steps, container: Container) -> Iterator[Problem]:
    names = {port.name for port in container.ports}
    for field, probe in (
        ("startupProbe", container.startup_probe),
        ("readinessProbe", container.readiness_probe),
        ("livenessProbe", container.liveness_probe),
    ):
        if probe is None:
            continue
        for kind, action in (("httpGet", probe.http_get), ("tcpSocket", probe.tcp_socket)):
            if action is not None and isinstance(action.port, str) and action.port not in names:
                yield Problem(
                    workload.key,
                    (*steps, field, kind, "port"),
                    f'"{action.port}" is no port of the container',
                    (f"its ports are: {', '.join(sorted(names)) or 'none'}",),
                )


def _mounts(workload: Workload, steps: Steps, container: Container) -> Iterator[Problem]:
    volumes = [volume.name for volume in workload.spec.template.spec.volumes]
    if isinstance(workload, StatefulSet):
        volumes += [claim.metadata.name for claim in workload.spec.volume_claim_templates]
    for index, mount in enumerate(container.volume_mounts):
        if mount.name not in volumes:
            yield Problem(
                workload.key,
                (*steps, "volumeMounts", index, "name"),
                f'"{mount.name}" is no volume of the pod',
                (f"its volumes are: {', '.join(volumes) or 'none'}",),
            )
