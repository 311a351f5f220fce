"""Labels and annotations of Istio's that are said to whoever gives a pod its sidecar: here, the local mesh itself."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from souk_mesh.objects.core import Namespace, Service
from souk_mesh.objects.meta import Object, Unenforced
from souk_mesh.objects.parsing import Steps, Workload, field_path
from souk_mesh.objects.visibility import EXPORT_TO

INJECT = "sidecar.istio.io/inject"
INJECTION = "istio-injection"
REVISION = "istio.io/rev"
_DOMAIN = "istio.io"
_MEANT = frozenset(
    {
        (INJECT, "true"),
        # A proxy here starts before its pod's containers and ends after them.
        ("sidecar.istio.io/nativeSidecar", "true"),
        # The image `auto` says the same.
        ("inject.istio.io/templates", "gateway"),
        ("inject.istio.io/templates", "sidecar"),
        ("security.istio.io/tlsMode", "istio"),
        ("istio.io/dataplane-mode", "none"),
        ("istio.io/use-waypoint", "none"),
    }
)
"""What says only what is so anyway."""


@dataclass(frozen=True)
class Setting:
    """One label or annotation of Istio's domain."""

    where: Steps
    name: str
    value: str

    @property
    def meant(self) -> bool:
        """Whether it is so here, too."""
        return (self.name, self.value) in _MEANT or self.name == EXPORT_TO


def settings(thing: Object) -> Iterator[Setting]:
    """Lists those of a namespace, a Service or a workload's pods."""
    if isinstance(thing, Namespace | Service):
        yield from _settings(("metadata", "labels"), thing.metadata.labels)
        yield from _settings(("metadata", "annotations"), thing.metadata.annotations)
    elif isinstance(thing, Workload):
        found = thing.spec.template.metadata
        steps: Steps = ("spec", "template", "metadata")
        yield from _settings((*steps, "labels"), found.labels)
        yield from _settings((*steps, "annotations"), _without_overruled(found.annotations, found.labels))


def ignored(thing: Object) -> Iterator[Unenforced]:
    """Lists those that have no effect here."""
    for each in settings(thing):
        if not each.meant:
            reason = "the local mesh sets up its proxies by itself: there is no injector to be told"
            yield Unenforced(field_path((*each.where, each.name)), reason)


def _settings(where: Steps, texts: Mapping[str, str]) -> Iterator[Setting]:
    for name, value in texts.items():
        prefix, slash, _ = name.partition("/")
        if slash and (prefix == _DOMAIN or prefix.endswith(f".{_DOMAIN}")):
            yield Setting(where, name, value)


def _without_overruled(annotations: Mapping[str, str], labels: Mapping[str, str]) -> Mapping[str, str]:
    """In Istio the label about injection comes before the annotation of the same name."""
    return {name: value for name, value in annotations.items() if name != INJECT or name not in labels}
