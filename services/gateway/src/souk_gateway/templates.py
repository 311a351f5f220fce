"""Path templates of `google.api.http`, such as `/v1/{name=products/*}:adjust`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import takewhile

ONE = "*"
"""Stands for one segment of a path."""
REST = "**"
"""Stands for all the segments that follow."""

_TOKEN = re.compile(r"\{(?P<field>[A-Za-z_][\w.]*)(?:=(?P<template>[^{}]+))?\}|(?P<plain>[^/{}]+)")


class MalformedTemplate(Exception):
    """A path template that can't be read."""

    where = ""
    """The full name of the method that has it, once that is known."""


@dataclass(frozen=True)
class Variable:
    """A field of the request that is bound to a part of the path."""

    field: str
    """Its path from the request, `product.name`."""
    segments: tuple[str, ...]


@dataclass(frozen=True)
class Template:
    """A path template, read."""

    text: str
    parts: tuple[str | Variable, ...]
    """Literal segments, wildcards, and variables, which may span several segments."""
    verb: str
    """What follows the last colon, `adjust`; empty if there is none."""

    @cached_property
    def variables(self) -> tuple[Variable, ...]:
        """The variables, in the order of the path."""
        return tuple(part for part in self.parts if isinstance(part, Variable))

    @cached_property
    def segments(self) -> tuple[str, ...]:
        """Literals and wildcards, without regard to which field takes them."""
        return tuple(self._flat())

    @property
    def shape(self) -> str:
        """The same for two templates that take the same paths, as far as names of fields go."""
        return "/" + "/".join(self.segments) + (f":{self.verb}" if self.verb else "")

    @property
    def generality(self) -> tuple[tuple[int, ...], str]:
        """Sorts literals before wildcards, as the transcoder prefers them."""
        ranks = {ONE: 1, REST: 2}
        return tuple(ranks.get(segment, 0) for segment in self.segments), self.text

    @property
    def head(self) -> str:
        """What all its paths begin with."""
        literals = takewhile(lambda segment: segment not in (ONE, REST), self.segments)
        return self.shape if self.is_literal else "".join(f"/{literal}" for literal in literals) + "/"

    @property
    def is_literal(self) -> bool:
        """Whether it takes one path only."""
        return not {ONE, REST} & set(self.segments)

    @property
    def regex(self) -> str:
        """Takes exactly the paths of this template, in RE2's syntax.

        A raw colon in the last segment is always a verb: `/v1/products/a:b` is no product, so that the route that is
        taken can't differ from the method that the transcoder then chooses.
        """
        *first, last = self.segments
        head = "".join(f"/{_segment(segment, '[^/]+')}" for segment in first)
        return f"{head}/{_segment(last, '[^/:]+')}" + (f":{re.escape(self.verb)}" if self.verb else "")

    def _flat(self) -> Iterator[str]:
        for part in self.parts:
            if isinstance(part, Variable):
                yield from part.segments
            else:
                yield part


def parse(text: str) -> Template:
    """Reads a template.

    Raises:
        MalformedTemplate: it doesn't follow the syntax of google/api/http.proto.
    """
    path, verb = _without_verb(text)
    if not path.startswith("/"):
        raise MalformedTemplate(f"{text!r} doesn't begin with a slash")
    parts: list[str | Variable] = []
    position = 0
    while position < len(path):
        found = _TOKEN.match(path, position + 1)
        if path[position] != "/" or found is None:
            raise MalformedTemplate(f"{text!r} can't be read from {path[position:]!r} on")
        field, inner, plain = found["field"], found["template"], found["plain"]
        parts.append(plain if field is None else Variable(field, tuple((inner or ONE).split("/"))))
        position = found.end()
    template = Template(text, tuple(parts), verb)
    if not parts or REST in template.segments[:-1]:
        raise MalformedTemplate(f"{text!r} has a ** that isn't the last segment, or no segment at all")
    return template


def _without_verb(text: str) -> tuple[str, str]:
    path, colon, verb = text.rpartition(":")
    return (path, verb) if colon and not set(verb) & set("/}") else (text, "")


def _segment(segment: str, one: str) -> str:
    return {ONE: one, REST: "[^:]+"}.get(segment) or re.escape(segment)
