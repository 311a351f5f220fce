"""A browser for the tests of this folder."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.browser.browsing import Browser, opened


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Browser]:
    """A new window."""
    with opened(tmp_path / "profile") as window:
        yield window
