"""A pod as its template describes it: containers, their environment, probes and volumes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from souk_mesh.objects.meta import NAME, Model, NotEnforced, Port, exactly_one
from souk_mesh.objects.volumes import Volume

ONE_NODE = NotEnforced("there is one node, so there is nothing to choose")
NO_CONTAINER = NotEnforced("a process here has this user's rights: nothing confines it as a container would")
NO_LIMITS = NotEnforced("nothing divides this machine's processor and memory")
NO_IMAGE = NotEnforced("an image here is a local program: nothing is pulled")
NO_TOKEN = NotEnforced("there is no API server to hold a token for", unless=(None, False))

NodeSetting = Annotated[object, ONE_NODE]
Confinement = Annotated[object, NO_CONTAINER]


class KeySelector(Model):
    """One entry of a ConfigMap or Secret."""

    name: str
    key: str
    optional: bool = False


class FieldSelector(Model):
    """A fact about the pod: its name, namespace, address, account or one of its labels."""

    api_version: Literal["v1"] = "v1"
    field_path: str = Field(
        pattern=r"^(metadata\.(name|namespace)|status\.podIP|spec\.serviceAccountName"
        r"|metadata\.labels\['[A-Za-z0-9./_-]+'\])$"
    )


class EnvSource(Model):
    """Where the value of a variable comes from."""

    config_map_key_ref: KeySelector | None = None
    secret_key_ref: KeySelector | None = None
    field_ref: FieldSelector | None = None

    @model_validator(mode="after")
    def _one(self) -> EnvSource:
        exactly_one(self, "config_map_key_ref", "secret_key_ref", "field_ref")
        return self


class EnvVar(Model):
    """One variable; a value may name earlier ones as `$(NAME)`."""

    name: str = Field(pattern=r"^[-._a-zA-Z][-._a-zA-Z0-9]*$")
    value: str = ""
    value_from: EnvSource | None = None

    @model_validator(mode="after")
    def _one(self) -> EnvVar:
        if self.value and self.value_from:
            raise ValueError("set value or valueFrom, not both")
        return self


class NameReference(Model):
    """A ConfigMap or Secret, whole."""

    name: str
    optional: bool = False


class EnvFromSource(Model):
    """Every entry of a ConfigMap or Secret, as variables."""

    prefix: str = ""
    config_map_ref: NameReference | None = None
    secret_ref: NameReference | None = None

    @model_validator(mode="after")
    def _one(self) -> EnvFromSource:
        exactly_one(self, "config_map_ref", "secret_ref")
        return self


class ContainerPort(Model):
    """A port that the application listens on."""

    name: str = ""
    container_port: Port
    protocol: Literal["TCP"] = "TCP"


class ExecAction(Model):
    """A command, run as the container runs."""

    command: tuple[str, ...] = Field(min_length=1)


class GrpcAction(Model):
    """A call of grpc.health.v1."""

    port: Port
    service: str = ""


class HttpHeader(Model):
    """One header of a probe."""

    name: str
    value: str


class HttpGetAction(Model):
    """A GET; 200 to 399 is success."""

    path: str = "/"
    port: Port | str
    scheme: Literal["HTTP"] = "HTTP"
    http_headers: tuple[HttpHeader, ...] = ()


class TcpSocketAction(Model):
    """A connection; success when it opens."""

    port: Port | str


class SleepAction(Model):
    """A pause."""

    seconds: int = Field(ge=0)


class Probe(Model):
    """How and how often a container is asked; Kubernetes' defaults."""

    grpc: GrpcAction | None = None
    http_get: HttpGetAction | None = None
    tcp_socket: TcpSocketAction | None = None
    exec: ExecAction | None = None
    initial_delay_seconds: int = Field(default=0, ge=0)
    period_seconds: int = Field(default=10, ge=1)
    timeout_seconds: int = Field(default=1, ge=1)
    success_threshold: int = Field(default=1, ge=1)
    failure_threshold: int = Field(default=3, ge=1)
    termination_grace_period_seconds: Annotated[
        int | None, Field(ge=0), NotEnforced("after a failed probe the pod's own grace holds", unless=(None,))
    ] = None

    @model_validator(mode="after")
    def _one(self) -> Probe:
        exactly_one(self, "grpc", "http_get", "tcp_socket", "exec")
        return self


class LifecycleHandler(Model):
    """What is done before a container is told to stop."""

    exec: ExecAction | None = None
    sleep: SleepAction | None = None

    @model_validator(mode="after")
    def _one(self) -> LifecycleHandler:
        exactly_one(self, "exec", "sleep")
        return self


class Lifecycle(Model):
    """Hooks of a container."""

    pre_stop: LifecycleHandler | None = None


class VolumeMount(Model):
    """Where a container sees a volume."""

    name: str
    mount_path: str = Field(pattern=r"^/[^:]+$")
    sub_path: str = ""
    read_only: Annotated[bool, NotEnforced("a folder here can be written to", unless=(False,))] = False


class Container(Model):
    """One program of a pod. `command` replaces the image's entrypoint, `args` its command."""

    name: str = Field(pattern=NAME)
    image: str = Field(min_length=1)
    image_pull_policy: Annotated[str | None, NO_IMAGE] = None
    command: tuple[str, ...] = ()
    args: tuple[str, ...] = ()
    working_dir: str | None = None
    env: tuple[EnvVar, ...] = ()
    env_from: tuple[EnvFromSource, ...] = ()
    ports: tuple[ContainerPort, ...] = ()
    startup_probe: Probe | None = None
    readiness_probe: Probe | None = None
    liveness_probe: Probe | None = None
    lifecycle: Lifecycle | None = None
    resources: Annotated[object, NO_LIMITS] = None
    security_context: Confinement = None
    volume_mounts: tuple[VolumeMount, ...] = ()
    termination_message_path: Annotated[str | None, NotEnforced("the last lines are taken from the log")] = None
    termination_message_policy: Annotated[str | None, NotEnforced("the last lines are taken from the log")] = None


class PodSpec(Model):
    """What runs in a pod."""

    init_containers: tuple[Container, ...] = ()
    containers: tuple[Container, ...] = Field(min_length=1)
    volumes: tuple[Volume, ...] = ()
    service_account_name: str = "default"
    automount_service_account_token: Annotated[bool | None, NO_TOKEN] = None
    termination_grace_period_seconds: int = Field(default=30, ge=0)
    restart_policy: Literal["Always", "OnFailure", "Never"] = "Always"
    enable_service_links: Annotated[
        bool, NotEnforced("no variables are set for Services; call them by name", unless=(False,))
    ] = False
    security_context: Confinement = None
    topology_spread_constraints: NodeSetting = None
    affinity: NodeSetting = None
    node_selector: NodeSetting = None
    tolerations: NodeSetting = None
    priority_class_name: NodeSetting = None
    image_pull_secrets: Annotated[object, NO_IMAGE] = None


class TemplateMetadata(Model):
    """Labels and annotations that each pod gets."""

    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}


class PodTemplate(Model):
    """What each replica is made from."""

    metadata: TemplateMetadata = TemplateMetadata()
    spec: PodSpec


def restarted_always(template: PodTemplate) -> None:
    """Refuses pods that end in a workload that keeps pods running.

    Raises:
        ValueError: when the template's restartPolicy is another than Always.
    """
    if template.spec.restart_policy != "Always":
        raise ValueError("the restartPolicy of its pods must be Always: pods that end are those of a Job")
