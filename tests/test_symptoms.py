"""What `docs/operations.md` lists as symptoms of a wrong database URL is what a service says of one."""

from __future__ import annotations

import os
import subprocess

import pytest

from tests.mesh import ROOT


def said_of(url: str) -> str:
    """What the migration of a service says of a URL before it gives up."""
    done = subprocess.run(
        [ROOT / ".souk/services-venv/bin/python", "-m", "souk_order", "migrate"],
        env={**os.environ, "DATABASE_URL": url, "DATABASE_WAIT_SECONDS": "0"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode
    return done.stdout + done.stderr


@pytest.mark.parametrize(
    ("url", "symptom"),
    [
        ("mysql://order@postgres/order", "DATABASE_URL: must start with sqlite:/// or postgresql+psycopg://"),
        (
            "postgresql+psycopg://order@nowhere.invalid:5432/order",
            "error: the database at DATABASE_URL can't be opened: failed to resolve host",
        ),
        ("postgresql+psycopg://order@127.0.0.1:1/order", "Connection refused"),
    ],
)
def test_a_wrong_url_is_told_as_the_list_of_symptoms_has_it(url: str, symptom: str) -> None:
    _, _, section = (ROOT / "docs/operations.md").read_text().partition("## When it does not start")
    assert f"`{symptom}" in section
    assert symptom in said_of(url)
