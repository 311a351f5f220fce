"""Every case, one test each."""

from __future__ import annotations

from pathlib import Path

import pytest

from behaviour.homes import Home
from behaviour.reading import CASES, case_files, read
from behaviour.running import problems


@pytest.mark.parametrize("path", case_files(), ids=lambda path: str(path.relative_to(CASES).with_suffix("")))
def test_case(path: Path, home: Home) -> None:
    """What the case states is what a caller observes."""
    file = read(path)
    home.hold(file.objects)
    if reason := file.case.differs.get(home.name):
        assert problems(file.case, home, patience=0), f"it holds: strike out that it differs because {reason}"
        pytest.xfail(reason)
    if found := problems(file.case, home, home.patience):
        pytest.fail("\n".join([f"{path}: {file.case.case}", *found]), pytrace=False)
