"""Reads cases from their files."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml
from pydantic import ValidationError

from behaviour.case import Case

CASES = Path(__file__).with_name("cases")

Document = Mapping[str, object]


class UnreadableCase(Exception):
    """A file is no case; the text says where and why."""


@dataclass(frozen=True)
class CaseFile:
    """A case, and the objects that it is about."""

    path: Path
    case: Case
    objects: tuple[Document, ...]

    @property
    def name(self) -> str:
        """Family and name: `retries/status`."""
        return str(self.path.relative_to(CASES).with_suffix(""))


def case_files() -> tuple[Path, ...]:
    """Every file that should be a case."""
    return tuple(sorted(CASES.glob("*/*.yaml")))


def read(path: Path) -> CaseFile:
    """Reads one file.

    Raises:
        UnreadableCase: it is not as it should be.
    """
    try:
        first, *objects = yaml.safe_load_all(path.read_text())
        return CaseFile(path, Case.model_validate(first), tuple(objects))
    except ValidationError as error:
        mistakes = "\n".join(f"  {_place(each['loc'])}: {each['msg']}" for each in error.errors())
        raise UnreadableCase(f"{path}: the first document is no case\n{mistakes}") from error
    except (yaml.YAMLError, ValueError) as error:
        raise UnreadableCase(f"{path}: {error}") from error


def _place(location: tuple[int | str, ...]) -> str:
    return "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in location).lstrip(".") or "case"
