"""Kubernetes' core kinds: namespaces, accounts, configuration, services, claims."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, field_validator

from souk_mesh.objects.meta import Model as _Model
from souk_mesh.objects.meta import NotEnforced, Object, ObjectKey, Port

ONE_MACHINE = "there is one machine, and its disk is not divided"
DISK = Annotated[object, NotEnforced(ONE_MACHINE)]


class Namespace(Object):
    """A namespace; `istio-injection` in its labels is what gives its pods a sidecar."""

    api_version: Literal["v1"] = "v1"
    kind: Literal["Namespace"] = "Namespace"

    @property
    def key(self) -> ObjectKey:
        """Its place in the store: in no namespace."""
        return ObjectKey(self.kind, "", self.metadata.name)


class ServiceAccount(Object):
    """The identity that pods run under."""

    api_version: Literal["v1"] = "v1"
    kind: Literal["ServiceAccount"] = "ServiceAccount"
    automount_service_account_token: Annotated[
        bool | None, NotEnforced("there is no API server to hold a token for", unless=(None, False))
    ] = None


class ConfigMap(Object):
    """Configuration as text."""

    api_version: Literal["v1"] = "v1"
    kind: Literal["ConfigMap"] = "ConfigMap"
    data: Mapping[str, str] = {}
    binary_data: Mapping[str, str] = {}
    immutable: Annotated[bool, NotEnforced("an edit is never refused here", unless=(False,))] = False

    @field_validator("binary_data")
    @classmethod
    def _binary(cls, data: Mapping[str, str]) -> Mapping[str, str]:
        return _base64(data)

    @property
    def content(self) -> Mapping[str, bytes]:
        """Every entry, as a pod reads it."""
        texts = {name: text.encode() for name, text in self.data.items()}
        return texts | {name: base64.b64decode(text) for name, text in self.binary_data.items()}


class Secret(Object):
    """Configuration that is not to be shown."""

    api_version: Literal["v1"] = "v1"
    kind: Literal["Secret"] = "Secret"
    type: str = "Opaque"
    data: Mapping[str, str] = Field(default={}, repr=False)
    string_data: Mapping[str, str] = Field(default={}, repr=False)
    immutable: Annotated[bool, NotEnforced("an edit is never refused here", unless=(False,))] = False

    @field_validator("data")
    @classmethod
    def _data(cls, data: Mapping[str, str]) -> Mapping[str, str]:
        return _base64(data)

    @property
    def content(self) -> Mapping[str, bytes]:
        """Every entry, as a pod reads it; `stringData` wins over `data`, as in Kubernetes."""
        decoded = {name: base64.b64decode(text) for name, text in self.data.items()}
        return decoded | {name: text.encode() for name, text in self.string_data.items()}


class ServicePort(_Model):
    """A port of a Service and where it leads."""

    name: str = ""
    port: Port
    target_port: Port | str | None = None
    """A number, or the name of a container's port; the same number when it is left out."""
    protocol: Literal["TCP"] = "TCP"
    app_protocol: str | None = None
    node_port: Annotated[Port | None, NotEnforced("there are no nodes")] = None


class ServiceSpec(_Model):
    """What a Service selects and offers."""

    type: Literal["ClusterIP", "LoadBalancer"] = "ClusterIP"
    selector: Mapping[str, str] = {}
    ports: tuple[ServicePort, ...] = Field(min_length=1)
    cluster_ip: Literal["", "None"] = Field(default="", alias="clusterIP")
    """`None` makes it headless: its name stands for the addresses of its pods, and each pod may have a name, too."""
    publish_not_ready_addresses: bool = False
    session_affinity: Literal["None"] = "None"
    external_traffic_policy: Annotated[
        Literal["Cluster", "Local"] | None, NotEnforced("there is one node, so both policies are the same")
    ] = None
    internal_traffic_policy: Annotated[
        Literal["Cluster", "Local"] | None, NotEnforced("there is one node, so both policies are the same")
    ] = None
    ip_families: Annotated[tuple[str, ...], NotEnforced("addresses are IPv4")] = ()
    ip_family_policy: Annotated[str | None, NotEnforced("addresses are IPv4", unless=("SingleStack",))] = None

    @property
    def headless(self) -> bool:
        """Whether there is no address that stands for all of its pods."""
        return self.cluster_ip == "None"


class Service(Object):
    """A name for the ready pods that a selector chooses."""

    api_version: Literal["v1"] = "v1"
    kind: Literal["Service"] = "Service"
    spec: ServiceSpec


class PersistentVolumeClaimSpec(_Model):
    """What a claim asks for; here it always gets a folder of its own."""

    access_modes: DISK = ()
    resources: DISK = None
    storage_class_name: DISK = None
    volume_mode: Literal["Filesystem"] = "Filesystem"


class PersistentVolumeClaim(Object):
    """Storage that outlives pods."""

    api_version: Literal["v1"] = "v1"
    kind: Literal["PersistentVolumeClaim"] = "PersistentVolumeClaim"
    spec: PersistentVolumeClaimSpec = PersistentVolumeClaimSpec()


def _base64(data: Mapping[str, str]) -> Mapping[str, str]:
    for name, text in data.items():
        try:
            # Kustomize breaks long values into lines, and Kubernetes looks past line breaks.
            base64.b64decode(text.replace("\n", "").replace("\r", ""), validate=True)
        except binascii.Error:
            raise ValueError(f'"{name}" is not base64') from None
    return data
