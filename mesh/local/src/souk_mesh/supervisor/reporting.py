"""Turns what the supervisor knows into what `souk status` shows."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence

from souk_mesh.control.messages import (
    ContainerReport,
    LateProxy,
    PodReport,
    PodTrouble,
    RewriteReport,
    ServiceReport,
)
from souk_mesh.objects import Deployment, Job, ObjectKey, Service, StatefulSet, Workload, contains
from souk_mesh.ports import Exposure
from souk_mesh.supervisor.memory import proportional
from souk_mesh.topology import Pod, Proxy, ServiceKey
from souk_mesh.workloads.completions import Outcome
from souk_mesh.workloads.container import ContainerState, Phase
from souk_mesh.workloads.jobs import JobState
from souk_mesh.workloads.pod import PodPhase, PodRunner
from souk_mesh.workloads.proxy import ADMIN_PORT
from souk_mesh.workloads.rewriting import Rewrite
from souk_mesh.workloads.stateful_sets import ordinal, wish
from souk_mesh.workloads.templates import revision
from souk_mesh.xds import ProxyStatus


def pod_report(pod: PodRunner, known: Pod | None, proxies: Mapping[str, ProxyStatus]) -> PodReport:
    """One pod; `known` is what proxies are told of it, None once it has ended."""
    identity = pod.identity
    labels = identity.labels
    proxy = proxies.get(known.node) if known else None
    virtual = known.addresses.virtual if known else {}
    return PodReport(
        namespace=identity.namespace,
        name=identity.name,
        workload=identity.owner.name,
        version=labels.get("app.kubernetes.io/version") or labels.get("version", ""),
        labels=labels,
        phase=phase(pod),
        ready=pod.ready,
        current=proxy is not None and proxy.current,
        age=time.time() - identity.created,
        memory=proportional(pod.pids),
        address=identity.addresses.pod,
        application="" if identity.proxy is Proxy.ROUTER else identity.addresses.application,
        virtual={service.host: address for service, address in virtual.items()},
        admin=f"http://{identity.addresses.application}:{ADMIN_PORT}",
        containers=tuple(container_report(name, state) for name, state in pod.states.items()),
        refusal=proxy.refusal if proxy is not None else None,
    )


def container_report(name: str, state: ContainerState) -> ContainerReport:
    """One container."""
    return ContainerReport(
        name=name,
        phase=state.phase,
        ready=state.ready,
        restarts=state.restarts,
        exit_code=state.exit_code,
        reason=state.reason,
        last_lines=state.last_lines,
    )


def troubles(pod: PodRunner) -> Iterator[PodTrouble]:
    """The containers of a pod that should be ready and are not, with what they last said."""
    if pod.phase in (PodPhase.TERMINATING, PodPhase.SUCCEEDED):
        return
    for name, state in pod.states.items():
        if not state.ready and state.phase is not Phase.STOPPED and (state.reason or state.exit_code is not None):
            yield PodTrouble(
                pod=pod.identity.name,
                container=name,
                phase=state.phase,
                reason=state.reason,
                restarts=state.restarts,
                last_lines=state.last_lines,
            )


def phase(pod: PodRunner) -> str:
    """What kubectl would show under STATUS."""
    crashed = any(state.phase is Phase.CRASHED for state in pod.states.values())
    if crashed and pod.phase in (PodPhase.PENDING, PodPhase.INIT, PodPhase.RUNNING):
        return f"Init:{Phase.CRASHED}" if pod.phase is PodPhase.INIT else Phase.CRASHED
    return pod.phase


def service_reports(
    services: Sequence[Service], pods: Sequence[Pod], exposures: Sequence[Exposure]
) -> tuple[ServiceReport, ...]:
    """Every Service with how many pods stand behind it."""
    return tuple(_service_report(service, pods, exposures) for service in services)


def _service_report(service: Service, pods: Sequence[Pod], exposures: Sequence[Exposure]) -> ServiceReport:
    key = ServiceKey(service.metadata.namespace, service.metadata.name)
    selector = service.spec.selector
    behind = [pod for pod in pods if pod.namespace == key.namespace and selector and contains(pod.labels, selector)]
    return ServiceReport(
        namespace=key.namespace,
        name=key.name,
        ports=tuple(port.port for port in service.spec.ports),
        ready=sum(pod.ready for pod in behind),
        pods=len(behind),
        urls=tuple(_url(each) for each in exposures if each.service == key),
    )


def _url(exposure: Exposure) -> str:
    said = (exposure.port.app_protocol or exposure.port.name).partition("-")[0].lower()
    return f"{'https' if said == 'https' else 'http'}://127.0.0.1:{exposure.bound}"


def rewrite_reports(rewrites: Mapping[str, Sequence[Rewrite]], pods: Sequence[PodRunner]) -> tuple[RewriteReport, ...]:
    """The rewrites of one pod of each workload: they differ between its pods only by the pod's own number."""
    first = {pod.identity.owner: pod.identity.place for pod in reversed(pods)}
    return tuple(
        RewriteReport(workload=owner.name, where=each.where, before=each.before, after=each.after)
        for owner, place in sorted(first.items())
        for each in rewrites.get(place, ())
    )


def waiting_for(
    workloads: Sequence[Workload],
    pods: Sequence[PodRunner],
    jobs: Callable[[ObjectKey], JobState],
    proxies: Mapping[str, ProxyStatus],
) -> Iterator[str]:
    """Says what is not yet as the workloads ask: nothing, when everything runs, or has run, as it should."""
    for workload in workloads:
        if isinstance(workload, Job):
            yield from _unfinished(workload, jobs(workload.key))
        else:
            yield from _incomplete(workload, [pod for pod in pods if pod.identity.owner == workload.key])
    for status in proxies.values():
        if status.connected and not status.current:
            yield f"proxy {status.node.split('~')[2]} has not acknowledged its configuration"


def late_proxies(pods: Sequence[Pod], proxies: Mapping[str, ProxyStatus]) -> Iterator[LateProxy]:
    """The proxies that do not run what was published last; one that only starts has nothing old to go by."""
    for pod in pods:
        status = proxies.get(pod.node)
        if status is not None and not status.current and (status.connected or pod.ready):
            yield LateProxy(namespace=pod.namespace, pod=pod.name, refusal=status.refusal)


def _unfinished(job: Job, state: JobState) -> Iterator[str]:
    if state.outcome is Outcome.FAILED:
        limit = job.spec.backoff_limit
        yield f"Job {job.metadata.name} has failed: {state.failures} failures, its backoffLimit is {limit}"
    elif state.outcome is Outcome.RUNNING:
        yield f"Job {job.metadata.name}: {state.succeeded} of {job.spec.wanted or 1} pods have ended well"


def _incomplete(workload: Deployment | StatefulSet, own: Sequence[PodRunner]) -> Iterator[str]:
    name, wanted = workload.metadata.name, workload.spec.replicas
    newest = revision(workload.spec.template)
    current = [pod for pod in own if pod.identity.revision == newest or _held_back(workload, pod)]
    ready = sum(pod.ready for pod in current)
    if ready != wanted:
        yield f"{name}: {ready} of {wanted} pods ready"
    elif len(own) > len(current):
        yield f"{name}: {len(own) - len(current)} old pods still end"


def _held_back(workload: Deployment | StatefulSet, pod: PodRunner) -> bool:
    """Whether a pod may keep an earlier template."""
    if isinstance(workload, Deployment):
        return False
    wanted = wish(workload, "")
    return wanted.update_from is None or ordinal(pod.identity.name) < wanted.start + wanted.update_from
