"""What is asked of the supervisor and what it answers."""

from __future__ import annotations

from collections.abc import Mapping

from pydantic import BaseModel, ConfigDict


class Message(BaseModel):
    """A message of the control API."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Nothing(Message):
    """No words are needed."""


class ApplyRequest(Message):
    """Objects to have."""

    name: str
    """What they were built from, for messages: `overlays/local`; empty for what a program adds in passing."""
    documents: tuple[Mapping[str, object], ...]
    whole: bool
    """Whether they are all there should be: what else there is, is removed."""
    port: int | None
    """Where the first LoadBalancer port is bound on 127.0.0.1; None leaves it as it is."""


class ApplyReply(Message):
    """What was done, by object."""

    created: tuple[str, ...]
    changed: tuple[str, ...]
    removed: tuple[str, ...]
    unchanged: int


class ContainerReport(Message):
    """One container of a pod."""

    name: str
    phase: str
    ready: bool
    restarts: int
    exit_code: int | None
    reason: str
    last_lines: tuple[str, ...]


class PodReport(Message):
    """One pod."""

    namespace: str
    name: str
    workload: str
    """The Deployment, StatefulSet or Job that it is for."""
    version: str
    labels: Mapping[str, str]
    phase: str
    ready: bool
    current: bool
    """Whether its proxy runs what was published last."""
    age: float
    memory: int
    """Proportional set size of all its processes, in bytes."""
    address: str
    application: str
    virtual: Mapping[str, str]
    """Where it calls each Service, by the Service's full host name: a call to that address has this pod's identity."""
    admin: str
    containers: tuple[ContainerReport, ...]
    refusal: str | None
    """What its proxy said when it refused its configuration."""

    @property
    def restarts(self) -> int:
        """Over all containers."""
        return sum(container.restarts for container in self.containers)


class ServiceReport(Message):
    """One Service."""

    namespace: str
    name: str
    ports: tuple[int, ...]
    ready: int
    pods: int
    urls: tuple[str, ...]
    """Where it is bound on 127.0.0.1, if it is a LoadBalancer."""


class RewriteReport(Message):
    """A text that was changed for this machine, in one workload's pods."""

    workload: str
    where: str
    before: str
    after: str


class UnenforcedReport(Message):
    """Something that a cluster would enforce."""

    subject: str
    reason: str


class StatusReply(Message):
    """What runs."""

    pid: int
    name: str
    memory: int
    """The supervisor's own."""
    pods: tuple[PodReport, ...]
    services: tuple[ServiceReport, ...]
    rewrites: tuple[RewriteReport, ...]
    unenforced: tuple[UnenforcedReport, ...]


class PodTrouble(Message):
    """A container that is not ready, and why."""

    pod: str
    container: str
    phase: str
    reason: str
    restarts: int
    last_lines: tuple[str, ...]


class ProgressReply(Message):
    """How far the mesh is from what its objects ask."""

    pods: int
    ready: int
    waiting_for: tuple[str, ...]
    """What is not yet as the objects ask; empty when all is well."""
    hopeless: bool
    """Whether waiting is in vain, since a Job has failed."""
    troubles: tuple[PodTrouble, ...]


class GetRequest(Message):
    """Which objects to show."""

    kind: str
    name: str | None
    namespace: str | None


class GetReply(Message):
    """The objects, as documents with `metadata.resourceVersion`."""

    objects: tuple[Mapping[str, object], ...]


class ReplaceRequest(Message):
    """An object to have in the place of the one that it was made from: `metadata.resourceVersion` says which."""

    document: Mapping[str, object]


class ReplaceReply(Message):
    """The object as it is stored now."""

    document: Mapping[str, object]


class DeleteRequest(Message):
    """An object that is to go; `namespace` is empty for the kinds that have none."""

    kind: str
    namespace: str
    name: str


class LateProxy(Message):
    """A proxy that does not run what the store holds."""

    namespace: str
    pod: str
    refusal: str | None
    """What it said when it refused its configuration; None if it has not answered."""


class LateReply(Message):
    """The proxies that have not acknowledged what the store holds; empty when all have."""

    proxies: tuple[LateProxy, ...]


class RegisterImageRequest(Message):
    """What a container of an image runs, in the place of this working tree's program."""

    image: str
    """The whole name, with its tag."""
    root: str
    """Another copy of the repository."""
    python: str
    """The interpreter of its services."""


class ForgetImageRequest(Message):
    """An image that is to be this working tree's program again."""

    image: str
    """The whole name, with its tag."""


class ObserveRequest(Message):
    """Where somebody listens who wants to be told of requests (Envoy's access log service)."""

    socket: str
    """A unix socket's path."""


class ObserveReply(Message):
    """Proxies tell of requests from now on, until the call ends."""

    late: tuple[LateProxy, ...]
    """Those that do not, yet."""


class SplitRequest(Message):
    """How requests to a Service are to be split."""

    service: str
    weights: Mapping[str, int]


class SplitReply(Message):
    """What holds now."""

    virtual_service: str
    weights: Mapping[str, int]
    proxies: int
    milliseconds: float
    """From the change until the last proxy had acknowledged it."""


class NamedRequest(Message):
    """A workload or a pod: `name` or, where that could be several, `namespace/name`."""

    name: str


class ScaleRequest(Message):
    """How many pods a Deployment or StatefulSet should have."""

    name: str
    replicas: int


class Done(Message):
    """What was done, in a sentence."""

    text: str
