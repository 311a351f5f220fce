"""Which requests are made: described in a YAML file, or recorded in a file of JSON lines. Plain data, read strictly."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator, Mapping
from itertools import count, cycle
from pathlib import Path
from typing import Annotated, Any, Literal
from uuid import uuid4

import yaml
from pydantic import BaseModel, ConfigDict, Discriminator, Field, Tag, TypeAdapter, ValidationError

from souk_canary.complaints import complaints

RECORDED = ".jsonl"


class BadRequests(Exception):
    """A file of requests can't be used; the text names file, line and field."""


class Part(BaseModel):
    """A part of a file."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, populate_by_name=True)


class Rpc(Part):
    """A gRPC call, made with the identity of a pod that may make it."""

    rpc: Annotated[str, Field(pattern=r"^[\w.]+/\w+$")]
    """`souk.payment.v1.PaymentService/GetPayment`."""
    to: Annotated[str, Field(pattern=r"^[a-z0-9-]+:\d+$")]
    """The Service and its port."""
    caller: Annotated[str, Field(alias="as")]
    """The workload that calls."""
    message: Mapping[str, Any] = Field(default_factory=dict)
    weight: Annotated[float, Field(gt=0)] = 1.0
    """How often it is made, compared with the others."""


class Rest(Part):
    """A request from outside, through a gateway."""

    method: Literal["GET", "POST", "PUT", "PATCH", "DELETE"]
    path: Annotated[str, Field(pattern="^/")]
    through: str = "ingress"
    """The Service of type LoadBalancer that lets it in."""
    headers: Mapping[str, str] = Field(default_factory=dict)
    body: Any = None
    weight: Annotated[float, Field(gt=0)] = 1.0


def _kind(written: object) -> str:
    return "rpc" if isinstance(written, Rpc) or (isinstance(written, Mapping) and "rpc" in written) else "rest"


Request = Annotated[Annotated[Rpc, Tag("rpc")] | Annotated[Rest, Tag("rest")], Discriminator(_kind)]
"""One request; `{uuid}` and `{number}` in its texts are other ones each time that it is made."""
ONE: TypeAdapter[Rpc | Rest] = TypeAdapter(Request)


class Requests(Part):
    """Requests to make."""

    first: tuple[Request, ...] = ()
    """Made once before all others, which may rest on them; they must succeed."""
    requests: Annotated[tuple[Request, ...], Field(min_length=1)]
    in_order: bool = False
    """One after the other and then again, as they were recorded; else drawn by their weights."""

    def endless(self) -> Iterator[Rpc | Rest]:
        """Requests without end, each with values of its own."""
        numbers = count(1)
        if self.in_order:
            chosen: Iterator[Rpc | Rest] = cycle(self.requests)
        else:
            weights = [each.weight for each in self.requests]
            chosen = (random.choices(self.requests, weights)[0] for _ in cycle((None,)))
        return (filled(each, number) for each, number in zip(chosen, numbers, strict=False))


def filled(request: Rpc | Rest, number: int) -> Rpc | Rest:
    """The request with fresh values: the same within it wherever they stand."""
    values = {"{uuid}": str(uuid4()), "{number}": str(number)}
    return request.model_copy(update={name: _replaced(value, values) for name, value in request})


def read(path: Path) -> Requests:
    """Reads a file of requests.

    Raises:
        BadRequests: it is missing, or says something that can't be.
    """
    try:
        text = path.read_text()
    except OSError as error:
        raise BadRequests(f"{path}: {error.strerror}\n  files of requests are in experiments/load/") from error
    return _recorded(path, text) if path.suffix == RECORDED else _described(path, text)


def _described(path: Path, text: str) -> Requests:
    try:
        document = yaml.safe_load(text)
        # As JSON, since a strict model takes a list of YAML for no tuple.
        return Requests.model_validate_json(json.dumps(document, default=str))
    except yaml.YAMLError as error:
        raise BadRequests(f"{path}: is not YAML: {' '.join(str(error).split())}") from error
    except ValidationError as error:
        raise BadRequests("\n".join(complaints(error, Requests, path, text))) from error


def _recorded(path: Path, text: str) -> Requests:
    found: list[Rpc | Rest] = []
    for number, line in enumerate(text.splitlines(), 1):
        try:
            found.append(ONE.validate_json(line))
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(map(str, first["loc"][1:]))
            raise BadRequests(f"{path}:{number}: {place + ': ' if place else ''}{first['msg']}") from error
    if not found:
        raise BadRequests(f"{path}: has no requests")
    return Requests(requests=tuple(found), in_order=True)


def _replaced(value: Any, values: Mapping[str, str]) -> Any:  # noqa: ANN401 (whatever a message holds)
    match value:
        case str():
            for name, fresh in values.items():
                value = value.replace(name, fresh)
            return value
        case Mapping():
            return {name: _replaced(each, values) for name, each in value.items()}
        case list() | tuple():
            return [_replaced(each, values) for each in value]
    return value
