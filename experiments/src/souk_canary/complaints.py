"""What a person is told about a file that does not fit its model."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError

Place = Sequence[int | str]


def complaints(error: ValidationError, model: type[BaseModel], path: Path, text: str) -> Iterator[str]:
    """Says for each mistake the file, the line, the field, and what is allowed there."""
    for each in error.errors():
        place = each["loc"]
        message = each["msg"].removeprefix("Value error, ")
        if each["type"] == "extra_forbidden":
            owner = _model_at(model, place[:-1])
            message = f"there is no such field\n  allowed here: {', '.join(owner.model_fields)}"
        elif each["type"] == "missing":
            message = "is missing"
        else:
            message = message[:1].lower() + message[1:]
        named = f": {_written(place)}" if place else ""
        yield f"{path}:{_line(text, place)}{named}: {message}"


def _written(place: Place) -> str:
    parts = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in place)
    return parts.removeprefix(".")


def _model_at(model: type[BaseModel], place: Place) -> type[BaseModel]:
    for part in place:
        if isinstance(part, str) and part in model.model_fields:
            found = list(_models_in(model.model_fields[part].annotation))
            if found:
                model = found[0]
    return model


def _models_in(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401 (an annotation is anything)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for argument in get_args(annotation):
        yield from _models_in(argument)


def _line(text: str, place: Place) -> int:
    """The line of a field, or of the nearest thing around it that is there."""
    node = yaml.compose(text)
    line = 1
    for part in place:
        if isinstance(node, yaml.MappingNode):
            found = [(key, value) for key, value in node.value if key.value == part]
            if not found:
                break
            line, node = found[0][0].start_mark.line + 1, found[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int):
            node = node.value[part]
            line = node.start_mark.line + 1
    return line
