"""What becomes of each field of a kind: a walk through Istio's schema and the model of the local mesh, side by side."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from fidelity.schema import Definition, Schema
from souk_mesh.objects.attributes import Attribute
from souk_mesh.objects.inert import REASONS
from souk_mesh.objects.meta import Model, NotEnforced
from souk_mesh.objects.parsing import KINDS
from souk_mesh.objects.reflection import fields_of, literals_in, model_in
from souk_mesh.objects.refusals import Refusal, refused_field, refused_kind, refused_value, refused_values


@dataclass(frozen=True)
class Enforced:
    """It does here what it does in Istio, as cases show."""


@dataclass(frozen=True)
class Accepted:
    """It may be there, and has no effect on this machine."""

    reason: str


@dataclass(frozen=True)
class Refused:
    """It is an error; None while nobody has said why."""

    refusal: Refusal | None


@dataclass(frozen=True)
class Alike:
    """All within is as under another path of the kind."""

    path: str


Verdict = Enforced | Accepted | Refused | Alike


@dataclass(frozen=True)
class Field:
    """One field, or one value of a field that has a few."""

    path: str
    """`spec.http[].match[].uri.exact`; `.*` stands for any key of a map."""
    verdict: Verdict
    value: str = ""

    @property
    def name(self) -> str:
        """As cases and the page name it."""
        return f"{self.path}: {self.value}" if self.value else self.path


def fields(definition: Definition) -> tuple[Field, ...]:
    """The fields of a kind in the order of its schema; where all of it is refused or inert, only that."""
    if (reason := REASONS.get((definition.api_versions[0], definition.kind))) is not None:
        return (Field("", Accepted(reason)),)
    kind = KINDS.get((definition.api_versions[0], definition.kind))
    if kind is None:
        return (Field("", Refused(refused_kind(definition.kind))),)
    spec = model_in(kind.model_fields["spec"].annotation)
    return tuple(_within("spec", definition.spec, spec, {})) if spec else ()


def _within(path: str, schema: Schema, model: type[Model], seen: dict[Key, str]) -> Iterator[Field]:
    known = fields_of(model)
    # What stands nearer to the top is the one that others are like.
    for name, inner in schema.properties.items():
        if name in known and (part := _part(f"{path}.{name}", inner, known[name].annotation)) is not None:
            seen.setdefault(part.key, part.path)
    for name, inner in schema.properties.items():
        where = f"{path}.{name}"
        if name not in known:
            yield Field(where, Refused(refused_field(model, name)))
            continue
        marks = [mark for mark in known[name].metadata if isinstance(mark, NotEnforced)]
        if marks:
            yield Field(where, Accepted(marks[0].reason))
            continue
        yield from _field(where, inner, model, name, seen)


def _field(path: str, schema: Schema, owner: type[Model], name: str, seen: dict[Key, str]) -> Iterator[Field]:
    annotation = fields_of(owner)[name].annotation
    allowed = VOCABULARIES.get(f"{owner.__name__}.{name}") or literals_in(annotation)
    # Istio's schema lets some fields hold any text that only its webhook limits.
    values = schema.inner[1].values or (*sorted(allowed), *refused_values(owner, name))
    if (part := _part(path, schema, annotation)) is not None:
        if seen[part.key] == part.path:
            yield from _within(part.path, part.schema, part.model, seen)
        else:
            yield Field(part.path, Alike(seen[part.key]))
    elif len(values) > 1:
        for value in values:
            fine = not allowed or value in allowed
            yield Field(path, Enforced() if fine else Refused(refused_value(owner, name, value)), value)
    else:
        yield Field(path, Enforced())


VOCABULARIES: Mapping[str, frozenset[str]] = {"Condition.key": frozenset(map(str, Attribute))}
"""The values of texts that no Literal limits, by `Model.field`; what stands in brackets behind one is no part of it."""

Key = tuple[str, str]
"""The name of a model and the shape of a schema: what has both in common is alike."""


@dataclass(frozen=True)
class _Part:
    """A field, or what a list or a map holds, that has fields of its own."""

    path: str
    schema: Schema
    model: type[Model]

    @property
    def key(self) -> Key:
        return self.model.__name__, self.schema.shape


def _part(path: str, schema: Schema, annotation: object) -> _Part | None:
    marks, inner = schema.inner
    model = model_in(annotation)
    return _Part(f"{path}{marks}", inner, model) if model is not None and inner.properties else None


def used(definition: Definition, found: tuple[Field, ...], document: Mapping[str, object]) -> frozenset[str]:
    """The names of the fields that an object of this kind uses, and of all that they stand in."""
    alike = {each.path: each.verdict.path for each in found if isinstance(each.verdict, Alike)}
    return frozenset(_used("spec", definition.spec, document.get("spec") or {}, alike))


def _used(path: str, schema: Schema, value: object, alike: Mapping[str, str]) -> Iterator[str]:
    yield path
    path = alike.get(path, path)
    if isinstance(value, list):
        for each in value:
            # A list of texts has no fields of its own: it is listed as one field, with its values.
            inner = f"{path}[]" if isinstance(each, Mapping) else path
            yield from _used(inner, Schema(schema.body.get("items", {})), each, alike)
    elif isinstance(value, Mapping) and isinstance(schema.body.get("additionalProperties"), Mapping):
        for each in value.values():
            yield from _used(f"{path}.*", Schema(schema.body["additionalProperties"]), each, alike)
    elif isinstance(value, Mapping):
        for name, each in value.items():
            if name in schema.properties:
                yield from _used(f"{path}.{name}", schema.properties[name], each, alike)
    elif isinstance(value, str):
        yield from (f"{path}: {value}", f"{path}: {value.partition('[')[0]}")
