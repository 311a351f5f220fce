"""The promises of the protos."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.mesh import ROOT


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A clone of what is committed, with the protos as they are in the working tree."""
    subprocess.run(["git", "clone", "-q", "--shared", str(ROOT), str(tmp_path / "clone")], check=True)
    subprocess.run(["git", "remote", "remove", "origin"], cwd=tmp_path / "clone", check=True)
    return tmp_path / "clone"


def breaking(checkout: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, str(ROOT / "scripts/breaking.py"), "--root", str(checkout)],
        check=False,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def change(checkout: Path, old: str, new: str) -> None:
    proto = checkout / "protos/souk/payment/v1/payment.proto"
    assert old in proto.read_text()
    proto.write_text(proto.read_text().replace(old, new))


def test_a_field_that_changes_its_number_is_refused(checkout: Path) -> None:
    change(checkout, "string decline_reason = 5", "string decline_reason = 15")

    refused = breaking(checkout)

    assert refused.returncode == 1
    assert 'field "5" with name "decline_reason" on message "Payment" was deleted' in refused.stdout
    assert "add a field or an RPC instead" in refused.stdout


def test_a_new_field_is_welcome(checkout: Path) -> None:
    change(
        checkout,
        "  // The version of the service",
        "  // A note.\n  string note = 20;\n\n  // The version of the service",
    )

    assert breaking(checkout).returncode == 0


@pytest.mark.parametrize("tag", ["v1.0.0", "payment/v2.1.0"])
def test_what_is_compared_with_is_the_newest_release(checkout: Path, tag: str) -> None:
    subprocess.run(["git", "tag", tag], cwd=checkout, check=True)
    change(checkout, "string decline_reason = 5", "string decline_reason = 15")
    commit = ["git", "-c", "user.name=t", "-c", "user.email=t@localhost", "commit", "-qam", "break"]
    subprocess.run(commit, cwd=checkout, check=True)

    assert f"what they promised at {tag}" in breaking(checkout).stdout
