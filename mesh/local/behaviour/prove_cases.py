"""Shows that the cases can fail: none holds without its objects. `make behaviour PROVE=1`: too slow for every run."""

from __future__ import annotations

from contextlib import suppress

import pytest

from behaviour.homes import Home, Unfit
from behaviour.reading import CaseFile, case_files, read
from behaviour.running import problems


def _about_objects() -> list[CaseFile]:
    return [file for file in map(read, case_files()) if file.objects]


@pytest.mark.parametrize("file", _about_objects(), ids=lambda file: file.name)
def test_without_its_objects_the_case_does_not_hold(file: CaseFile, home: Home) -> None:
    """What a case states without being about its objects would hold anyway, and prove nothing."""
    home.hold(())
    with suppress(Unfit):  # a host that only the objects know
        assert problems(file.case, home, patience=0) != []
