"""From a parsed YAML document to a typed object, with every mistake named by its field."""

from __future__ import annotations

import difflib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import get_args

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from souk_mesh.objects.apps import Deployment
from souk_mesh.objects.authorization_policy import AuthorizationPolicy
from souk_mesh.objects.core import ConfigMap, Namespace, PersistentVolumeClaim, Secret, Service, ServiceAccount
from souk_mesh.objects.destination_rule import DestinationRule
from souk_mesh.objects.gateway import Gateway
from souk_mesh.objects.inert import REASONS, Inert
from souk_mesh.objects.jobs import Job
from souk_mesh.objects.meta import Model
from souk_mesh.objects.peer_authentication import PeerAuthentication
from souk_mesh.objects.reflection import fields_of, model_at
from souk_mesh.objects.refusals import Refusal, refused_field, refused_kind, refused_value
from souk_mesh.objects.request_authentication import RequestAuthentication
from souk_mesh.objects.service_entry import ServiceEntry
from souk_mesh.objects.sidecar import Sidecar
from souk_mesh.objects.stateful_sets import StatefulSet
from souk_mesh.objects.virtual_service import VirtualService

AnyObject = (
    Namespace
    | ServiceAccount
    | ConfigMap
    | Secret
    | Service
    | PersistentVolumeClaim
    | Deployment
    | StatefulSet
    | Job
    | Gateway
    | VirtualService
    | DestinationRule
    | ServiceEntry
    | Sidecar
    | PeerAuthentication
    | RequestAuthentication
    | AuthorizationPolicy
    | Inert
)
"""Any object that the local mesh accepts."""

Workload = Deployment | StatefulSet | Job
"""What pods are made for."""

Kind = type[AnyObject]
EMPTY = "is empty: at least one is needed"


def _kinds() -> Mapping[tuple[str, str], Kind]:
    kinds: dict[tuple[str, str], Kind] = dict.fromkeys(REASONS, Inert)
    for kind in get_args(AnyObject):
        if kind is not Inert:
            fields = kind.model_fields
            for version in get_args(fields["api_version"].annotation):
                kinds[version, fields["kind"].default] = kind
    return kinds


KINDS = _kinds()
"""The accepted kinds, by apiVersion and kind."""


Steps = tuple[int | str, ...]
"""The way to a field: `("spec", "http", 0, "timeout")`."""


@dataclass(frozen=True)
class FieldError:
    """One mistake. `message` goes on where the field's name ends: `is required`."""

    steps: Steps
    message: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{field_path(self.steps)} {self.message}"


class Malformed(Exception):
    """A document is no object that the local mesh accepts."""

    def __init__(self, errors: tuple[FieldError, ...]) -> None:
        super().__init__("; ".join(map(str, errors)))
        self.errors = errors


def parse(document: Mapping[str, object]) -> AnyObject:
    """Reads one document; a field that is null counts as left out, as in Kubernetes.

    Raises:
        Malformed: with every unknown field, missing field and bad value, or the unknown kind.
    """
    version, kind = str(document.get("apiVersion", "")), str(document.get("kind", ""))
    model = KINDS.get((version, kind))
    if model is None:
        raise Malformed((_unknown_kind(version, kind),))
    try:
        # Strict JSON has the types of YAML: no "yes" for a bool and no 1 for a text, and yet a list for a tuple.
        return model.model_validate_json(json.dumps(_without_nulls(document), default=str), strict=True)
    except ValidationError as failure:
        errors = [_field_error(model, error) for error in failure.errors(include_url=False)]
        raise Malformed(tuple(error for error in errors if not _follows(error, errors))) from None


def dump(thing: AnyObject) -> dict[str, object]:
    """Writes an object back as a document that `parse` reads; the store's own fields are left out."""
    document: dict[str, object] = thing.model_dump(
        mode="json",
        by_alias=True,
        exclude_unset=True,
        exclude={"metadata": {"resource_version", "generation", "creation_timestamp"}},
    )
    return {"apiVersion": thing.api_version, "kind": thing.kind} | document


def _follows(error: FieldError, errors: Sequence[FieldError]) -> bool:
    # A list that lost its only item to a mistake is also called empty; the mistake itself is enough.
    depth = len(error.steps)
    return error.message == EMPTY and any(
        len(other.steps) > depth and other.steps[:depth] == error.steps for other in errors
    )


def _unknown_kind(version: str, kind: str) -> FieldError:
    if (refusal := refused_kind(kind)) is not None:
        return FieldError(("kind",), f'"{kind}" is refused by the local mesh: {refusal.reason}', refusal.instead)
    others = sorted(other for other, name in KINDS if name == kind)
    if others:
        return FieldError(("apiVersion",), f'"{version}" is not supported', f"supported: {', '.join(others)}")
    supported = ", ".join(sorted({name for _, name in KINDS}))
    return FieldError(("kind",), f'"{kind}" ({version}) is not supported', f"the local mesh knows: {supported}")


def _field_error(model: Kind, error: ErrorDetails) -> FieldError:
    steps, context = error["loc"], error.get("ctx", {})
    owner = model_at(model, steps[:-1])
    if (refusal := _refusal(owner, error)) is not None:
        given = f"is {_shown(model, error)}, which" if error["type"] == "literal_error" else "is what"
        return FieldError(steps, f"{given} the local mesh refuses: {refusal.reason}", refusal.instead)
    if error["type"] == "extra_forbidden":
        siblings = sorted(fields_of(owner)) if owner is not None else []
        near = difflib.get_close_matches(str(steps[-1]), siblings, n=1)
        remedy = f'did you mean "{near[0]}"?' if near else f"known here: {', '.join(siblings)}" if siblings else ""
        return FieldError(steps, "is unknown, or not supported by the local mesh", remedy)
    match error["type"]:
        case "missing":
            message = "is required"
        case "too_short":
            message = EMPTY
        case "value_error":
            message = f"is wrong: {context['error']}"
        case "literal_error":
            message = f"is {_shown(model, error)}; it must be {context['expected']}"
        case _:
            message = f"is {_shown(model, error)}: {error['msg'][0].lower()}{error['msg'][1:]}"
    return FieldError(steps, message)


def _refusal(owner: type[Model] | None, error: ErrorDetails) -> Refusal | None:
    if owner is None:
        return None
    name = str(error["loc"][-1])
    match error["type"]:
        case "extra_forbidden":
            return refused_field(owner, name)
        case "literal_error":
            return refused_value(owner, name, str(error["input"]))
    return None


def _shown(model: Kind, error: ErrorDetails) -> str:
    if model is Secret:
        return "a value"
    given = error["input"]
    return json.dumps(given) if isinstance(given, str | int | float | bool) else f"a {type(given).__name__}"


def field_path(steps: Steps) -> str:
    """Writes a place in a document as kubectl does: `spec.http[0].route[1].weight`."""
    path = ""
    for step in steps:
        path += f"[{step}]" if isinstance(step, int) else f".{step}"
    return path.lstrip(".")


def _without_nulls(value: object) -> object:
    if isinstance(value, Mapping):
        return {key: _without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [_without_nulls(inner) for inner in value]
    return value
