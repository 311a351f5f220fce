"""From a pod's template to its plan: programs for images, addresses for names, folders for volumes."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from souk_mesh.images import Images, Program
from souk_mesh.objects import ConfigMap, Container, LifecycleHandler, Probe, Secret, Service, ServiceEntry, StatefulSet
from souk_mesh.objects.entry_services import callable_services, passes_sidecar
from souk_mesh.objects.pod_services import pod_services, short_names
from souk_mesh.objects.visibility import visible
from souk_mesh.state import StateDir
from souk_mesh.store import Store
from souk_mesh.topology import ServiceKey, listening_port
from souk_mesh.workloads import probes
from souk_mesh.workloads.environment import environment, expand
from souk_mesh.workloads.plan import Check, ContainerPlan
from souk_mesh.workloads.pod import PodIdentity
from souk_mesh.workloads.processes import Command
from souk_mesh.workloads.readiness import Thresholds
from souk_mesh.workloads.rewriting import Rewrite, Rewriter, Target
from souk_mesh.workloads.volumes import Volumes, mounts

LISTEN_HOST = "LISTEN_HOST"
"""The variable that tells an application where to listen."""


@dataclass(frozen=True)
class StoredEntries:
    """The entries of ConfigMaps and Secrets, as the store holds them."""

    store: Store

    def get_map(self, kind: type[ConfigMap] | type[Secret], namespace: str, name: str) -> Mapping[str, bytes] | None:
        """The entries of one of them, or None if there is none of that name."""
        found: ConfigMap | Secret | None = self.store.get(kind, namespace, name)
        return found.content if found is not None else None


@dataclass(frozen=True)
class ResolvedContainer:
    """How a container is run, and what was changed in it for that."""

    plan: ContainerPlan
    rewrites: tuple[Rewrite, ...]


class Resolver:
    """Makes plans for the containers of pods."""

    def __init__(self, store: Store, images: Images, state: StateDir) -> None:
        self._store = store
        self._images = images
        self._state = state
        self.volumes = Volumes(state, StoredEntries(store))

    def containers(self, pod: PodIdentity) -> tuple[tuple[ResolvedContainer, ...], tuple[ResolvedContainer, ...]]:
        """Plans the init containers and the containers of a pod whose proxy is a sidecar.

        Raises:
            Unresolvable: the pod names something that does not exist.
            UnknownImage: no program stands for an image.
        """
        spec = pod.template.spec
        folders = self.volumes.prepare(pod)
        init = tuple(self._container(each, pod, folders) for each in spec.init_containers)
        return init, tuple(self._container(each, pod, folders) for each in spec.containers)

    def _container(self, container: Container, pod: PodIdentity, folders: Mapping[str, Path]) -> ResolvedContainer:
        program = self._images.find(container.image)
        assert isinstance(program, Program), "a router's pod has no program of its own"
        mounted = mounts(container, folders)
        editor = _Editor(Rewriter(pod.namespace, self._services(pod), self._hosts(pod), mounted), container.name)
        values = environment(container, pod, StoredEntries(self._store))
        variables = {name: editor.edit(value, f"env {name}") for name, value in values.items()}
        variables = {**_base(program, pod), **variables, LISTEN_HOST: pod.addresses.application}
        command = Command(
            label=f"{pod.name}/{container.name}",
            arguments=tuple(
                editor.edit(expand(part, values), f"argument {index}")
                for index, part in enumerate(program.argv(container))
            ),
            environment=variables,
            folder=Path(mounted.get(container.working_dir or "", program.folder)),
            log=self._state.logs / pod.place / f"{container.name}.log",
        )
        lifecycle = container.lifecycle
        plan = ContainerPlan(
            name=container.name,
            command=command,
            grace=float(pod.template.spec.termination_grace_period_seconds),
            startup=_check(container.startup_probe, container, pod, command),
            readiness=_check(container.readiness_probe, container, pod, command),
            liveness=_check(container.liveness_probe, container, pod, command),
            before_stop=_handler(lifecycle.pre_stop, command) if lifecycle and lifecycle.pre_stop else None,
        )
        return ResolvedContainer(plan, tuple(editor.rewrites))

    def _services(self, pod: PodIdentity) -> Mapping[ServiceKey, Target]:
        found = ((_key(each), each) for each in self._store.list(Service))
        return {key: _target(each, pod.addresses.virtual[key]) for key, each in found if key in pod.addresses.virtual}

    def _hosts(self, pod: PodIdentity) -> Mapping[str, Target]:
        targets: dict[str, Target] = {}
        services, sets = self._store.list(Service), self._store.list(StatefulSet)
        for each in pod_services(services, sets):
            if (key := _key(each)) in pod.addresses.virtual and visible(each, pod.namespace):
                target = _target(each, pod.addresses.virtual[key])
                targets |= dict.fromkeys(short_names(key.host, pod.namespace), target)
        for each in callable_services((), (), self._store.list(ServiceEntry)):
            key = _key(each)
            # Of one host in two namespaces a pod sees its own.
            own = each.metadata.namespace == pod.namespace
            if key in pod.addresses.virtual and visible(each, pod.namespace) and (own or key.host not in targets):
                targets[key.host] = _target(each, pod.addresses.virtual[key])
        return targets


class _Editor:
    """Rewrites the texts of one container and remembers what it changed."""

    def __init__(self, rewriter: Rewriter, container: str) -> None:
        self._rewriter = rewriter
        self._container = container
        self.rewrites: list[Rewrite] = []

    def edit(self, text: str, where: str) -> str:
        edited, rewrites = self._rewriter.rewrite(text, f"{self._container}: {where}")
        self.rewrites.extend(rewrites)
        return edited


def _key(service: Service) -> ServiceKey:
    return ServiceKey(service.metadata.namespace, service.metadata.name)


def _target(service: Service, address: str) -> Target:
    ports = (port for port in service.spec.ports if passes_sidecar(_key(service), port))
    return Target(address, {port.port: listening_port(port.port) for port in ports})


def _base(program: Program, pod: PodIdentity) -> dict[str, str]:
    """What every program gets: no more of the user's own environment than programs need to start."""
    return {
        "PATH": os.pathsep.join((str(program.programs), "/usr/local/bin", "/usr/bin", "/bin")),
        "HOME": os.environ.get("HOME", "/"),
        "LANG": "C.UTF-8",
        "HOSTNAME": pod.name,
        # As in the images: a log line is in the log when it is printed, not when a buffer is full.
        "PYTHONUNBUFFERED": "1",
    }


def _check(probe: Probe | None, container: Container, pod: PodIdentity, command: Command) -> Check | None:
    if probe is None:
        return None
    thresholds = Thresholds(
        initial_delay=probe.initial_delay_seconds,
        period=probe.period_seconds,
        timeout=probe.timeout_seconds,
        success=probe.success_threshold,
        failure=probe.failure_threshold,
    )
    return Check(_probe(probe, container, pod.addresses.application, command), thresholds)


def _probe(probe: Probe, container: Container, host: str, command: Command) -> probes.Probe:
    if probe.grpc is not None:
        return probes.GrpcProbe(host, probe.grpc.port, probe.grpc.service)
    if probe.http_get is not None:
        headers = tuple((header.name, header.value) for header in probe.http_get.http_headers)
        return probes.HttpProbe(host, _port(probe.http_get.port, container), probe.http_get.path, headers)
    if probe.tcp_socket is not None:
        return probes.TcpProbe(host, _port(probe.tcp_socket.port, container))
    assert probe.exec is not None
    return probes.ExecProbe(_beside(command, probe.exec.command, "probe"))


def _handler(handler: LifecycleHandler, command: Command) -> Command | float:
    if handler.sleep is not None:
        return float(handler.sleep.seconds)
    assert handler.exec is not None
    return _beside(command, handler.exec.command, "preStop")


def _beside(command: Command, arguments: tuple[str, ...], what: str) -> Command:
    """A program that runs where a container runs, as `kubectl exec` would run it."""
    return Command(f"{command.label} {what}", arguments, command.environment, command.folder, command.log)


def _port(port: int | str, container: Container) -> int:
    if isinstance(port, int):
        return port
    return next(each.container_port for each in container.ports if each.name == port)
