"""What is wrong with the objects of a mesh, said so that it can be mended."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from souk_mesh.objects.meta import ObjectKey
from souk_mesh.objects.parsing import Steps, field_path


class Severity(StrEnum):
    """Whether the mesh may start all the same."""

    ERROR = "error"
    NOT_HERE = "not here"
    """No mistake: a cluster does it, and this machine can't."""
    WARNING = "warning"


@dataclass(frozen=True)
class Location:
    """A line of a file."""

    file: str
    line: int

    def __str__(self) -> str:
        return f"{self.file}:{self.line}"


@dataclass(frozen=True)
class Problem:
    """One mistake. `message` goes on where the field's name ends: `"v3" is not defined`."""

    subject: ObjectKey | str
    steps: Steps
    message: str
    notes: tuple[str, ...] = ()
    """What is known about it, and what to do."""
    severity: Severity = Severity.ERROR
    origin: str = ""
    """What was being loaded: `overlays/local`."""
    location: Location | None = None

    def __str__(self) -> str:
        context = ": ".join(filter(None, (self.severity.value, self.origin, str(self.subject))))
        lines = [f"{context}: {f'{field_path(self.steps)} {self.message}'.strip()}"]
        if self.location is not None:
            lines.append(str(self.location))
        return "\n  ".join((*lines, *self.notes))


class Rejected(Exception):
    """What was asked for can't be run; nothing has been changed."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(map(str, self.problems)))


def errors(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Picks the problems that stand in the way of a mesh on this machine."""
    return tuple(problem for problem in problems if problem.severity is not Severity.WARNING)


def mistakes(problems: Iterable[Problem]) -> tuple[Problem, ...]:
    """Picks the problems that stand in the way anywhere."""
    return tuple(problem for problem in problems if problem.severity is Severity.ERROR)
