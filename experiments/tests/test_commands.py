"""The command as a person meets it when there is nothing to run, or something is wrong."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.shop import ROOT
from tests.tool import command, processes

TOOL = ROOT / ".souk/canary-venv/bin/souk-canary"


def said(*arguments: str | Path, code: int = 0) -> str:
    done = subprocess.run([TOOL, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done.stdout + done.stderr


def test_a_definition_that_is_not_there_is_said_with_those_that_are() -> None:
    text = said("run", "paiment", code=1)
    assert text.startswith("error: there is no definition paiment in ")
    assert all(path.stem in text for path in (ROOT / "experiments/definitions").glob("*.yaml"))


def test_a_mistake_in_a_definition_is_named_and_nothing_is_touched(tmp_path: Path) -> None:
    path = tmp_path / "mine.yaml"
    path.write_text("experiment: mine\n")
    assert f"error: {path}:1: service: is missing\n" in said("run", path, code=1)


def test_a_version_of_code_alone_has_nothing_to_be_compared_with() -> None:
    assert "--baseline and --candidate go together" in said("run", "payment", "--candidate", ".", code=1)


def test_code_is_not_tried_on_a_cluster() -> None:
    code = ("--baseline", "main", "--candidate", ".", "--context", "nowhere")
    assert "a cluster runs images" in said("run", "payment", *code, code=1)


def test_a_mesh_that_does_not_run_is_a_message_and_no_guardian_waits_for_it(tmp_path: Path) -> None:
    assert "does not answer" in said("run", "payment", "--home", tmp_path, code=1)
    two = ("--baseline", "HEAD", "--candidate", ".")
    assert "does not answer" in said("run", "payment", "--home", tmp_path, *two, code=1)
    assert "does not answer" in said("status", "--home", tmp_path, code=1)
    assert not [pid for pid in processes("souk_canary.guardian") if str(tmp_path) in command(pid)]


@pytest.mark.parametrize("asked", ["list", "report"])
def test_without_a_recorded_run_that_is_said(tmp_path: Path, asked: str) -> None:
    code = 0 if asked == "list" else 1
    assert f"no run was recorded in {tmp_path}" in said(asked, "--reports", tmp_path, code=code)
