"""The whole translation: from objects and pods to what one pod's proxy is told."""

from __future__ import annotations

from dataclasses import dataclass

from souk_mesh.identity import Certificate
from souk_mesh.topology import Pod
from souk_mesh.xds.configuration import Configuration
from souk_mesh.xds.resources import Resources


@dataclass(frozen=True)
class View:
    """Everything that translation may look at."""

    configuration: Configuration
    pods: tuple[Pod, ...]


def resources(view: View, pod: Pod, certificate: Certificate, roots: bytes) -> Resources:
    """What the proxy of `pod` is told."""
    return Resources.of()
