"""What is wrong with a proto, and where that stands."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from souk_gateway.comments import places
from souk_gateway.descriptors import Api, Method


@dataclass(frozen=True)
class Problem:
    """One thing that is wrong: where, what, and what to do about it."""

    where: str
    """The full name of a service, method, message or field; something else if it is about no single one."""
    what: str
    fix: str

    def __str__(self) -> str:
        return f"error: {self.where}: {self.what}\n  {self.fix}"


Found = Iterator[Problem]


def name(method: Method) -> str:
    """The full name of a method."""
    return f"{method.service}.{method.name}"


@dataclass(frozen=True)
class Listing:
    """Writes problems down with the file and line of what they are about."""

    lines: Mapping[str, str]

    def of(self, problem: Problem) -> str:
        """The lines for one problem; without a place if the descriptor set has no source info."""
        place = self.lines.get(problem.where)
        return f"error: {place}: {str(problem).removeprefix('error: ')}" if place else str(problem)


def listing(api: Api, folder: str) -> Listing:
    """For a descriptor set whose files lie in this folder."""
    return Listing({each: f"{folder}{file}:{line}" for each, (file, line) in places(api.files).items()})
