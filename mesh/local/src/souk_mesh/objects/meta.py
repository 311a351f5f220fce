"""What every object has: a name, labels, a strict shape, and a list of what this machine cannot honour."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, PlainSerializer
from pydantic.alias_generators import to_camel

NAME = r"^[a-z0-9]([-a-z0-9.]{0,251}[a-z0-9])?$"
"""A Kubernetes name (DNS-1123 subdomain); names become file names here, so nothing else may pass."""


class Model(BaseModel):
    """A strict, unchangeable part of an object: an unknown field is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True, alias_generator=to_camel, validate_by_name=True)


@dataclass(frozen=True)
class NotEnforced:
    """Marks a field that a cluster honours and the local mesh only accepts."""

    reason: str
    unless: tuple[object, ...] = ()
    """Values that ask for nothing, so that there is nothing to report."""


@dataclass(frozen=True)
class Unenforced:
    """A field of an object that has no effect on this machine."""

    path: str
    reason: str


@dataclass(frozen=True, order=True)
class ObjectKey:
    """Names one object; `namespace` is empty for the kinds that have none."""

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Metadata(Model):
    """Who an object is. The last three fields are the store's, never a file's."""

    name: str = Field(pattern=NAME)
    namespace: str = Field(default="default", pattern=NAME)
    labels: Mapping[str, str] = {}
    annotations: Mapping[str, str] = {}
    resource_version: int = 0
    generation: int = 0
    creation_timestamp: datetime | None = None


class Object(Model):
    """What all kinds share."""

    api_version: str
    kind: str
    metadata: Metadata

    @property
    def key(self) -> ObjectKey:
        """Its place in the store."""
        return ObjectKey(self.kind, self.metadata.namespace, self.metadata.name)

    def unenforced(self) -> tuple[Unenforced, ...]:
        """Lists the fields that are set and have no effect here."""
        return tuple(_unenforced(self, ""))


class LabelSelector(Model):
    """Chooses pods whose labels contain all of these."""

    match_labels: Mapping[str, str] = {}

    def matches(self, labels: Mapping[str, str]) -> bool:
        """Tells whether these labels are chosen; an empty selector chooses everything."""
        return contains(labels, self.match_labels)


def contains(labels: Mapping[str, str], wanted: Mapping[str, str]) -> bool:
    """Tells whether `labels` has every pair of `wanted`."""
    return all(labels.get(name) == value for name, value in wanted.items())


_UNITS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "ns": 1e-9}
_DURATION = re.compile(r"(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|ms|h|m|s)")


def parse_duration(value: object) -> object:
    """Reads a duration as Go and so Istio writes it: `1.5s`, `250ms`, `1h30m`.

    Raises:
        ValueError: on anything else that is text.
    """
    if isinstance(value, timedelta):
        return value
    if isinstance(value, str) and value == "0":
        return timedelta()
    if not isinstance(value, str) or not value or _DURATION.sub("", value):
        raise ValueError(f'{value!r} is not a duration; write it like "250ms", "2s" or "1h30m"')
    return timedelta(seconds=sum(float(number) * _UNITS[unit] for number, unit in _DURATION.findall(value)))


def format_duration(value: timedelta) -> str:
    """Writes a duration so that `parse_duration` reads it back."""
    return f"{value.total_seconds():.6f}".rstrip("0").rstrip(".") + "s"


Duration = Annotated[timedelta, BeforeValidator(parse_duration), PlainSerializer(format_duration)]
"""A length of time, written as Istio writes it."""


def _whole_milliseconds(value: timedelta) -> timedelta:
    if value < timedelta(milliseconds=1) or value % timedelta(milliseconds=1):
        raise ValueError("Istio takes whole milliseconds, at least one; for no limit, leave the field out")
    return value


Positive = Annotated[Duration, AfterValidator(_whole_milliseconds)]
"""A length of time that Istio accepts where it must not be zero."""

Port = Annotated[int, Field(ge=1, le=65535)]
"""The number of a TCP port."""


def exactly_one(model: Model, *names: str) -> None:
    """Refuses a choice that is not made, or made twice.

    Raises:
        ValueError: unless exactly one of the fields is set.
    """
    given = [to_camel(name) for name in names if getattr(model, name) is not None]
    if len(given) != 1:
        raise ValueError(f"set exactly one of {', '.join(map(to_camel, names))}; set: {', '.join(given) or 'none'}")


def some(model: Model) -> None:
    """Refuses what Istio refuses: a part that says nothing.

    Raises:
        ValueError: when no field is set.
    """
    if not any(getattr(model, name) for name in model.model_fields_set):
        raise ValueError("at least one field must be set")


def at_most_one(model: Model, *names: str) -> None:
    """Refuses a choice that is made twice.

    Raises:
        ValueError: when more than one of the fields is set.
    """
    if sum(getattr(model, name) is not None for name in names) > 1:
        raise ValueError(f"set at most one of {', '.join(map(to_camel, names))}")


def _unenforced(value: object, path: str) -> Iterator[Unenforced]:
    if isinstance(value, Model):
        for name in sorted(value.model_fields_set):
            field, inner = type(value).model_fields[name], getattr(value, name)
            inner_path = f"{path}.{field.alias or name}".lstrip(".")
            marks = [mark for mark in field.metadata if isinstance(mark, NotEnforced)]
            if not marks:
                yield from _unenforced(inner, inner_path)
            yield from (Unenforced(inner_path, mark.reason) for mark in marks if inner not in mark.unless)
    elif isinstance(value, tuple):
        for index, inner in enumerate(value):
            yield from _unenforced(inner, f"{path}[{index}]")
