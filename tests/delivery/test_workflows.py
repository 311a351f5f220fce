"""The workflows: nothing that can move is trusted, and no job may do more than it needs."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.mesh import ROOT

WORKFLOWS = sorted((ROOT / ".github/workflows").glob("*.yml"))
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml"))
PINNED = re.compile(r"uses: [\w.-]+/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
# What a job may write, and why it must.
MAY_WRITE = {
    ("release.yml", "prepare"): {"contents"},
    ("release.yml", "publish"): {"packages", "id-token", "attestations"},
    ("release.yml", "propose"): {"contents", "pull-requests"},
}


def read(path: Path) -> dict[Any, Any]:
    return dict(yaml.safe_load(path.read_text()))


def triggers(path: Path) -> Mapping[str, Any]:
    """By what it is started; YAML takes the word `on` for a truth."""
    return dict(read(path)[True])


def jobs(path: Path) -> Iterator[tuple[str, Mapping[str, Any]]]:
    yield from read(path)["jobs"].items()


def test_there_are_the_workflows_that_are_promised() -> None:
    assert [path.name for path in WORKFLOWS] == ["ci.yml", "image.yml", "nightly.yml", "release.yml"]


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_every_action_is_pinned_by_its_commit_and_says_which_version_that_is(path: Path) -> None:
    used = [line.strip().removeprefix("- ") for line in path.read_text().splitlines() if "uses:" in line]
    assert used
    assert not [line for line in used if not line.startswith("uses: ./.github/") and not PINNED.match(line)]


def test_an_action_is_of_one_version_everywhere() -> None:
    pins = {found for path in WORKFLOWS for found in re.findall(r"uses: ([\w./-]+)@(\S+)", path.read_text())}
    assert len({name for name, _ in pins}) == len(pins)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_a_workflow_may_nothing_and_its_jobs_only_what_they_must(path: Path) -> None:
    assert read(path)["permissions"] == {}
    for name, job in jobs(path):
        writes = {right for right, level in job["permissions"].items() if level == "write"}
        assert writes == MAY_WRITE.get((path.name, name), set()), name
        assert set(job["permissions"].values()) <= {"read", "write"}, name


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_no_job_runs_for_ever_and_none_in_the_way_of_another(path: Path) -> None:
    assert all("uses" in job or "timeout-minutes" in job for _, job in jobs(path))
    assert "concurrency" in read(path) or "workflow_call" in triggers(path)


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_forks_need_no_secret_and_get_none(path: Path) -> None:
    text = path.read_text()
    assert "pull_request_target" not in text
    assert "secrets." not in text
    assert "secrets: inherit" not in text


@pytest.mark.parametrize("path", WORKFLOWS, ids=lambda path: path.name)
def test_what_somebody_typed_is_never_part_of_a_command(path: Path) -> None:
    commands = [step["run"] for _, job in jobs(path) for step in job.get("steps", ()) if "run" in step]
    assert not [command for command in commands if "${{" in command]


def test_every_service_can_be_released() -> None:
    inputs = triggers(ROOT / ".github/workflows/release.yml")["workflow_dispatch"]["inputs"]
    assert inputs["service"]["options"] == SERVICES


def test_ci_is_what_runs_here() -> None:
    steps = dict(jobs(ROOT / ".github/workflows/ci.yml"))["test"]["steps"]
    assert [step["run"] for step in steps if "run" in step] == [".ci/run"]


def test_every_script_that_a_workflow_calls_is_there_and_can_be_run() -> None:
    called = {name for path in WORKFLOWS for name in re.findall(r"scripts/[\w.-]+|\.ci/run", path.read_text())}
    tracked = subprocess.run(
        ["git", "ls-files", "-s", "scripts", ".ci"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    modes = {line.split("\t")[1]: line.split()[0] for line in tracked.stdout.splitlines()}
    assert called
    assert not [name for name in called if name not in modes]
    assert not [name for name in called if not name.endswith(".py") and modes[name] != "100755"]
