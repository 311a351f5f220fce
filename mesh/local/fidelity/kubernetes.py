"""What is accepted of Kubernetes' own kinds: they are too large to list what isn't."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from souk_mesh.objects.inert import REASONS
from souk_mesh.objects.meta import Metadata, Model, NotEnforced, Object
from souk_mesh.objects.parsing import KINDS
from souk_mesh.objects.reflection import fields_of, literals_in, model_in


@dataclass(frozen=True)
class Part:
    """A field that is accepted, and what of it is special here."""

    path: str
    note: str


def kinds() -> Mapping[str, tuple[Part, ...]]:
    """The accepted fields of each kind, by its name."""
    written: dict[str, str] = {}
    found = {kind: model for (version, kind), model in KINDS.items() if _kubernetes(version, kind)}
    return {kind: tuple(_parts("", found[kind], kind, written)) for kind in sorted(found)}


def _kubernetes(version: str, kind: str) -> bool:
    return "istio.io" not in version and (version, kind) not in REASONS


def _parts(path: str, model: type[Model], kind: str, written: dict[str, str]) -> Iterator[Part]:
    for name, field in fields_of(model).items():
        where = f"{path}.{name}".lstrip(".")
        inner = model_in(field.annotation)
        marks = [mark for mark in field.metadata if isinstance(mark, NotEnforced)]
        if (path == "" and name in Object.model_fields) or inner is Metadata:
            continue
        if marks:
            yield Part(where, f"not enforced: {marks[0].reason}")
        elif inner is None:
            values = sorted(literals_in(field.annotation))
            yield Part(where, f"one of {', '.join(values)}" if len(values) > 1 else "")
        elif inner.__name__ in written:
            yield Part(where, f"as {written[inner.__name__]}")
        else:
            written[inner.__name__] = f"`{where}` of {kind}"
            yield from _parts(where, inner, kind, written)
