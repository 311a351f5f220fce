"""What a model says of itself: its fields as they stand in YAML, and what they may hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args, get_origin

from pydantic.fields import FieldInfo

from souk_mesh.objects.meta import Model


def fields_of(model: type[Model]) -> Mapping[str, FieldInfo]:
    """The fields, by the names that YAML gives them."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def model_in(annotation: object) -> type[Model] | None:
    """The model that a field holds, itself or several of; None if it holds none."""
    if isinstance(annotation, type) and issubclass(annotation, Model):
        return annotation
    return next(filter(None, map(model_in, get_args(annotation))), None)


def literals_in(annotation: object) -> frozenset[str]:
    """The values that a field is limited to; none if it isn't."""
    if get_origin(annotation) is Literal:
        return frozenset(map(str, get_args(annotation)))
    return frozenset(value for inner in get_args(annotation) for value in literals_in(inner))


def model_at(model: type[Model], steps: tuple[int | str, ...]) -> type[Model] | None:
    """The model at a place in an object; None where there is none."""
    for step in steps:
        # A number, or a key of a mapping, stays within what the field holds.
        if step in (known := fields_of(model)):
            inner = model_in(known[str(step)].annotation)
            if inner is None:
                return None
            model = inner
    return model
