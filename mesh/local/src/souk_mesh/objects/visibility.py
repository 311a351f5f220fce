"""Which namespaces see a Service."""

from __future__ import annotations

from souk_mesh.objects.core import Service
from souk_mesh.objects.exporting import exported

EXPORT_TO = "networking.istio.io/exportTo"
"""The annotation of a Service that says so: namespaces with commas between them."""


def visible(service: Service, namespace: str) -> bool:
    """Whether pods of a namespace may know of a Service at all."""
    listed = (each.strip() for each in service.metadata.annotations.get(EXPORT_TO, "").split(","))
    return exported(filter(None, listed), service.metadata.namespace, namespace)
