"""What the supervisor does when it is asked: the control API, carried out on the mesh."""

from __future__ import annotations

import os
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from souk_mesh.check import check
from souk_mesh.check.changes import forbidden
from souk_mesh.control.messages import (
    ApplyReply,
    ApplyRequest,
    DeleteRequest,
    Done,
    ForgetImageRequest,
    GetReply,
    GetRequest,
    LateReply,
    NamedRequest,
    Nothing,
    ObserveReply,
    ObserveRequest,
    ProgressReply,
    RegisterImageRequest,
    ReplaceReply,
    ReplaceRequest,
    ScaleRequest,
    SplitReply,
    SplitRequest,
    StatusReply,
)
from souk_mesh.control.server import Outdated, Refusal
from souk_mesh.images import Images, Tree, UnknownImage
from souk_mesh.objects import (
    AnyObject,
    Deployment,
    DestinationRule,
    Job,
    Malformed,
    ObjectKey,
    Service,
    StatefulSet,
    VirtualService,
    parse,
    stored,
)
from souk_mesh.ports import exposures, holder, taken
from souk_mesh.problems import errors
from souk_mesh.store import Conflict, NotFound
from souk_mesh.supervisor import splitting
from souk_mesh.supervisor.memory import proportional
from souk_mesh.supervisor.mesh import Mesh
from souk_mesh.supervisor.observation import ACKNOWLEDGEMENT, Observation
from souk_mesh.supervisor.reporting import (
    late_proxies,
    pod_report,
    rewrite_reports,
    service_reports,
    troubles,
    waiting_for,
)
from souk_mesh.unenforced import unenforced_reports
from souk_mesh.workloads.completions import Outcome

Lasting = Deployment | StatefulSet
"""Workloads whose pods are kept running: those that can be restarted and scaled."""

RESTARTED = "kubectl.kubernetes.io/restartedAt"
"""The annotation by which kubectl, too, makes a template another one."""


class MeshOrders:
    """Carries out orders; `leave` is called when the supervisor is to end."""

    def __init__(self, mesh: Mesh, images: Images, observation: Observation, leave: Callable[[], None]) -> None:
        self._mesh = mesh
        self._store = mesh.store
        self._images = images
        self._observation = observation
        self._leave = leave
        self._name = ""

    async def apply(self, request: ApplyRequest) -> ApplyReply:
        """Makes the store hold these objects, or refuses them all."""
        objects = _parsed(request)
        held = self._store.snapshot().objects
        given = {each.key: each for each in objects}
        future = given if request.whole else {**held, **given}
        self._refuse_mistakes(future, held, given)
        port = request.port if request.port is not None else self._mesh.port
        self._refuse_taken_ports(future, port)
        return self._replace(request, given, port)

    async def status(self, _: Nothing) -> StatusReply:
        """Says what runs."""
        mesh, store = self._mesh, self._store
        runners, services = mesh.controllers.pods.every, store.list(Service)
        proxies, pods = mesh.ads.status(), mesh.pods()
        known = {(pod.namespace, pod.name): pod for pod in pods}
        return StatusReply(
            pid=os.getpid(),
            name=self._name,
            memory=proportional([os.getpid()]),
            pods=tuple(
                pod_report(each, known.get((each.identity.namespace, each.identity.name)), proxies) for each in runners
            ),
            services=service_reports(services, pods, exposures(services, mesh.port)),
            rewrites=rewrite_reports(mesh.rewrites, runners),
            unenforced=unenforced_reports(tuple(store.snapshot().objects.values())),
        )

    async def progress(self, _: Nothing) -> ProgressReply:
        """Says how far the mesh is from what its objects ask."""
        # What was changed a moment ago must not count as acknowledged because no proxy has been told yet.
        self._mesh.publisher.catch_up()
        runners, workloads = self._mesh.controllers.pods.every, self._mesh.workloads()
        jobs = self._mesh.controllers.job
        return ProgressReply(
            pods=sum(each.spec.replicas for each in workloads if not isinstance(each, Job)),
            ready=sum(each.ready for each in runners),
            waiting_for=tuple(waiting_for(workloads, runners, jobs, self._mesh.ads.status())),
            hopeless=any(jobs(each.key).outcome is Outcome.FAILED for each in workloads),
            troubles=tuple(each for runner in runners for each in troubles(runner)),
        )

    async def get(self, request: GetRequest) -> GetReply:
        """Shows objects."""
        found = [
            each
            for key, each in self._store.snapshot().objects.items()
            if key.kind == request.kind
            and request.name in (None, key.name)
            and request.namespace in (None, key.namespace)
        ]
        return GetReply(objects=tuple(stored.document(each) for each in found))

    async def replace(self, request: ReplaceRequest) -> ReplaceReply:
        """Puts a changed object in the place of the one that it was made from."""
        try:
            wanted = stored.read(request.document)
        except Malformed as malformed:
            raise Refusal(str(malformed)) from malformed
        held = self._store.snapshot().objects
        self._refuse_mistakes({**held, wanted.key: wanted}, held, {wanted.key: wanted})
        try:
            return ReplaceReply(document=stored.document(self._store.replace(wanted)))
        except Conflict as conflict:
            raise Outdated(str(conflict)) from conflict
        except NotFound as missing:
            raise Refusal(str(missing)) from missing

    async def delete(self, request: DeleteRequest) -> Done:
        """Removes an object."""
        key = ObjectKey(request.kind, request.namespace, request.name)
        held = self._store.snapshot().objects
        if key not in held:
            raise Refusal(f"there is no {key}")
        self._refuse_mistakes({other: each for other, each in held.items() if other != key}, held, {})
        self._store.delete(key)
        return Done(text=f"{key} is removed")

    async def late(self, _: Nothing) -> LateReply:
        """Names the proxies that have not acknowledged what the store holds; does not wait."""
        self._mesh.publisher.catch_up()
        return LateReply(proxies=tuple(late_proxies(self._mesh.pods(), self._mesh.ads.status())))

    async def register_image(self, request: RegisterImageRequest) -> Done:
        """Says that an image is another tree's program."""
        try:
            self._images.register(request.image, Tree(Path(request.root), Path(request.python)))
        except UnknownImage as unknown:
            raise Refusal(f"{request.image} can't be run from {request.root}: {unknown}") from unknown
        return Done(text=f"{request.image} is run from {request.root}")

    async def forget_image(self, request: ForgetImageRequest) -> Done:
        """Says that an image is this tree's program again."""
        forgotten = self._images.forget(request.image)
        return Done(text=f"{request.image} is {'no longer' if forgotten else 'not'} another tree's")

    def observe(self, request: ObserveRequest) -> AsyncIterator[ObserveReply]:
        """Lets proxies tell somebody of requests, for as long as the call lasts."""
        return self._observation.hold(request)

    async def split(self, request: SplitRequest) -> SplitReply:
        """Changes the weights of a VirtualService and waits for every proxy."""
        try:
            rule = splitting.find(request.service, self._store.list(VirtualService))
            changed = splitting.split(request.service, rule, request.weights, self._store.list(DestinationRule))
        except splitting.CannotSplit as error:
            raise Refusal(str(error)) from error
        begun = time.perf_counter()
        self._store.replace(changed)
        proxies = await self._acknowledged()
        took = (time.perf_counter() - begun) * 1000
        return SplitReply(
            virtual_service=f"{rule.metadata.namespace}/{rule.metadata.name}",
            weights=request.weights,
            proxies=proxies,
            milliseconds=took,
        )

    async def restart(self, request: NamedRequest) -> Done:
        """Replaces the pods of a workload, one after the other."""
        workload = self._lasting(request.name)
        stamp = datetime.now(UTC).isoformat(timespec="microseconds")
        self._store.replace(_restarted(workload, stamp))
        return Done(text=f"{workload.key} is being restarted")

    async def scale(self, request: ScaleRequest) -> Done:
        """Changes the number of a workload's pods."""
        if request.replicas < 0:
            raise Refusal(f"{request.replicas} replicas cannot be\n  give 0 or more")
        workload = self._lasting(request.name)
        before = workload.spec.replicas
        spec = workload.spec.model_copy(update={"replicas": request.replicas})
        self._store.replace(workload.model_copy(update={"spec": spec}))
        return Done(text=f"{workload.key}: {before} → {request.replicas} replicas")

    async def delete_pod(self, request: NamedRequest) -> Done:
        """Ends a pod; its owner makes another if it lacks one then."""
        pods = self._mesh.controllers.pods.by_place
        chosen = [place for place in pods if request.name in (place, place.partition("/")[2])]
        if not chosen:
            raise Refusal(f"there is no pod {request.name}\n  there are: {', '.join(sorted(pods)) or 'none'}")
        self._mesh.controllers.pods.delete(pods[_only(request.name, chosen)])
        self._mesh.controllers.changed()
        return Done(text=f"pod {request.name} is being ended")

    async def rotate(self, _: Nothing) -> Done:
        """Gives every pod a new certificate and waits for every proxy."""
        begun = time.perf_counter()
        identities = self._mesh.publisher.renew_certificates()
        proxies = await self._acknowledged()
        took = (time.perf_counter() - begun) * 1000
        return Done(text=f"{identities} new certificates; acknowledged by all {proxies} proxies after {took:.1f} ms")

    async def shut_down(self, _: Nothing) -> Done:
        """Ends the mesh. The answer comes when the order is taken; the process ends when nothing is left."""
        self._leave()
        return Done(text="the mesh is ending")

    async def _acknowledged(self) -> int:
        """Waits until every proxy has what holds now, and says how many those are."""
        proxies = await self._mesh.publisher.settled(ACKNOWLEDGEMENT)
        late = [
            f"{each.node.split('~')[2]}: {each.refusal or 'no answer'}" for each in proxies.values() if not each.current
        ]
        if late:
            raise Refusal("saved, but not every proxy has acknowledged it\n  " + "\n  ".join(late))
        return len(proxies)

    def _refuse_mistakes(
        self,
        future: Mapping[ObjectKey, AnyObject],
        held: Mapping[ObjectKey, AnyObject],
        given: Mapping[ObjectKey, AnyObject],
    ) -> None:
        mistakes = [*errors(check(future.values(), self._images)), *forbidden(held, given)]
        if mistakes:
            raise Refusal("\n".join(map(str, mistakes)))

    def _refuse_taken_ports(self, future: Mapping[ObjectKey, AnyObject], port: int | None) -> None:
        held = {each.bound for each in exposures(self._store.list(Service), self._mesh.port)}
        services = [each for each in future.values() if isinstance(each, Service)]
        for each in exposures(services, port):
            if each.bound not in held and (by := holder(each.bound)) is not None:
                raise Refusal(taken(each.bound, by))

    def _replace(self, request: ApplyRequest, given: Mapping[ObjectKey, AnyObject], port: int | None) -> ApplyReply:
        held = self._store.snapshot().objects
        created = tuple(key for key in given if key not in held)
        changed: list[ObjectKey] = []
        if port != self._mesh.port:
            self._mesh.rebind(port)
        for key, wanted in given.items():
            before = held.get(key)
            stored = self._store.apply(_keeping_restart(before, wanted))
            if before is not None and stored.metadata.resource_version != before.metadata.resource_version:
                changed.append(key)
        removed = tuple(key for key in held if key not in given) if request.whole else ()
        for key in removed:
            self._store.delete(key)
        if request.whole or not self._name:
            self._name = request.name
        elif request.name:
            self._name = f"{self._name} + {request.name}"
        return ApplyReply(
            created=tuple(map(str, created)),
            changed=tuple(map(str, changed)),
            removed=tuple(map(str, removed)),
            unchanged=len(given) - len(created) - len(changed),
        )

    def _lasting(self, name: str) -> Lasting:
        """Finds a workload whose pods are kept running."""
        lasting = {str(each.key): each for each in self._mesh.workloads() if isinstance(each, Lasting)}
        chosen = [words for words, each in lasting.items() if name in (each.metadata.name, words.partition(" ")[2])]
        if not chosen:
            raise Refusal(f"there is no workload {name}\n  there are: {', '.join(sorted(lasting)) or 'none'}")
        return lasting[_only(name, chosen)]


def _only(name: str, chosen: Sequence[str]) -> str:
    if len(chosen) > 1:
        raise Refusal(f"{name} could be {' or '.join(sorted(chosen))}\n  name its namespace, too: NAMESPACE/{name}")
    return chosen[0]


def _parsed(request: ApplyRequest) -> tuple[AnyObject, ...]:
    try:
        return tuple(parse(document) for document in request.documents)
    except Malformed as malformed:
        raise Refusal(f"{request.name}: {malformed}") from malformed


def _restarted(workload: Lasting, stamp: str) -> Lasting:
    template = workload.spec.template
    annotations = {**template.metadata.annotations, RESTARTED: stamp}
    metadata = template.metadata.model_copy(update={"annotations": annotations})
    spec = workload.spec.model_copy(update={"template": template.model_copy(update={"metadata": metadata})})
    return workload.model_copy(update={"spec": spec})


def _keeping_restart(before: AnyObject | None, wanted: AnyObject) -> AnyObject:
    """Keeps what `souk restart` noted, as kubectl would: applying the same YAML again restarts nothing."""
    if not isinstance(before, Lasting) or not isinstance(wanted, Lasting):
        return wanted
    stamp = before.spec.template.metadata.annotations.get(RESTARTED)
    return _restarted(wanted, stamp) if stamp else wanted
