"""What a proxy's access log says of attempts: which version was asked, and how it ended. Plain data, no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import Enum

from envoy.config.core.v3.base_pb2 import Node
from envoy.data.accesslog.v3.accesslog_pb2 import HTTPAccessLogEntry, ResponseFlags

from souk_canary.sources import endings

STATUS = "grpc-status"
ATTEMPT = "x-envoy-attempt-count"
CLUSTER = "cluster"
"""The tag by which the mesh's proxies say which cluster a request was meant for."""

# As Envoy's access logs write them. More than one may be set: the first of these that is names the ending.
FLAGS = {
    "no_healthy_upstream": "UH",
    "no_cluster_found": "NC",
    "upstream_overflow": "UO",
    "upstream_connection_failure": "UF",
    "upstream_request_timeout": "UT",
    "upstream_connection_termination": "UC",
    "upstream_remote_reset": "UR",
}

Key = tuple[str, str]
"""A request's id, and which of its attempts it was."""


class By(Enum):
    """Whose proxy told of an attempt."""

    CALLEE = "callee"
    CALLER = "caller"


@dataclass(frozen=True)
class Versions:
    """What tells the two versions of a service apart."""

    service: str
    namespace: str
    labels: Mapping[str, Mapping[str, str]]
    """Of the pods of each subset."""

    @property
    def host(self) -> str:
        """The service's full name."""
        return f"{self.service}.{self.namespace}.svc.cluster.local"


@dataclass(frozen=True)
class Teller:
    """A pod whose proxy tells of requests."""

    pod: str
    namespace: str
    labels: Mapping[str, str]

    @classmethod
    def of(cls, node: Node) -> Teller:
        """Reads how a proxy names itself."""
        name, _, namespace = node.id.split("~")[2].partition(".")
        labels = node.metadata.fields["LABELS"].struct_value.fields if "LABELS" in node.metadata.fields else {}
        return cls(name, namespace, {key: value.string_value for key, value in labels.items()})


@dataclass(frozen=True)
class Attempt:
    """One attempt at one version."""

    key: Key
    by: By
    subset: str
    pod: str
    """Empty when it reached none."""
    ending: str
    seconds: float | None
    """None when it had no answer."""


def attempt(versions: Versions, teller: Teller, entry: HTTPAccessLogEntry) -> Attempt | None:
    """The attempt that an entry is about; None if it is about none at these versions, or one whose end others tell.

    What the callee's proxy tells without an answer was given up by the caller, and whether that was the version's fault
    is known there: its own proxy tells of a timeout or a broken connection, and of a caller that went away it doesn't.
    """
    cluster = entry.common_properties.custom_tags.get(CLUSTER, "")
    key = (entry.request.request_id, entry.request.request_headers.get(ATTEMPT, ""))
    if cluster.startswith("inbound|"):
        subset = _subset_of(versions, teller)
        ending = _answered(entry)
        if subset is None or ending is None:
            return None
        seconds = entry.common_properties.duration.ToTimedelta().total_seconds()
        return Attempt(key, By.CALLEE, subset, teller.pod, ending, seconds)
    direction, _, rest = cluster.partition("|")
    _, _, destination = rest.partition("|")
    subset, _, host = destination.partition("|")
    failed = _flagged(entry.common_properties.response_flags)
    if direction != "outbound" or host != versions.host or subset not in versions.labels or failed is None:
        return None
    return Attempt(key, By.CALLER, subset, "", failed, None)


def _subset_of(versions: Versions, teller: Teller) -> str | None:
    if teller.namespace != versions.namespace:
        return None
    return next((name for name, each in versions.labels.items() if each.items() <= teller.labels.items()), None)


def _answered(entry: HTTPAccessLogEntry) -> str | None:
    response = entry.response
    # In the trailers, or in the headers of an answer that has nothing else.
    status = response.response_trailers.get(STATUS) or response.response_headers.get(STATUS)
    if status:
        return endings.grpc(status)
    code = response.response_code.value
    flags = entry.common_properties.response_flags
    given_up = flags.downstream_remote_reset or flags.downstream_connection_termination
    return endings.http(str(code)) if code and not given_up else None


def _flagged(flags: ResponseFlags) -> str | None:
    return next((short for name, short in FLAGS.items() if getattr(flags, name)), None)
