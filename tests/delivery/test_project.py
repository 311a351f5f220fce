"""What the repository says of itself agrees with what is in it."""

from __future__ import annotations

import json
import re
import shlex
import subprocess
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest
import yaml

from tests.mesh import ROOT

SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml"))
SOURCE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["source"]
# Which of Renovate's managers looks after which files.
MANAGERS = {
    "pyproject.toml": "pep621",
    "go.mod": "gomod",
    "package.json": "npm",
    "Dockerfile": "dockerfile",
    "devcontainer.json": "devcontainer",
}


def tracked(*patterns: str) -> Sequence[str]:
    """The files of the repository."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard", "--", *patterns]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True).stdout.splitlines()


def owners() -> dict[str, list[str]]:
    """Teams by path."""
    lines = (ROOT / ".github/CODEOWNERS").read_text().splitlines()
    return {line.split()[0]: line.split()[1:] for line in lines if line and not line.startswith("#")}


def test_every_service_and_every_folder_has_an_owner_and_every_owner_something() -> None:
    paths = owners()
    folders = {f"/{file.split('/')[0]}/" for file in tracked() if "/" in file} - {"/.ci/"}
    owned_in_part = {f"/{path.split('/')[1]}/" for path in paths if path.startswith("/")}
    assert folders <= owned_in_part
    assert {f"/services/{service}/" for service in SERVICES} <= paths.keys()
    contexts = {file.split("/")[2] for file in tracked("protos/souk/*.proto")}
    assert {f"/protos/souk/{context}/" for context in contexts} <= paths.keys()
    assert not [path for path in paths if path != "*" and not (ROOT / path.strip("/")).exists()]


def test_owners_are_teams_of_the_organisation_that_the_source_is_of() -> None:
    organisation = SOURCE.split("/")[-2]
    assert all(owner.startswith(f"@{organisation}/") for teams in owners().values() for owner in teams)


def test_what_runs_before_a_commit_is_what_make_lint_runs() -> None:
    (local,) = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text())["repos"]
    assert local["repo"] == "local"  # so there are no versions but those that are installed
    lint = (ROOT / "scripts/lint").read_text().replace('"$lint/', "").replace('"', "")
    for hook in local["hooks"]:
        program, *arguments = shlex.split(hook["entry"])
        assert re.match(r"\.souk/(lint-)?venv/bin/", program), hook["id"]
        called = " ".join([Path(program).name, *(a.removeprefix(".souk/lint-venv/bin/") for a in arguments)])
        assert called in lint, hook["id"]


@pytest.mark.parametrize(("name", "manager"), MANAGERS.items())
def test_renovate_looks_after_every_list_of_dependencies(name: str, manager: str) -> None:
    assert tracked(f"*{name}")
    assert manager in json.loads((ROOT / "renovate.json").read_text())["enabledManagers"]


def test_the_licence_is_the_one_that_images_and_the_project_name() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["license"] == "Apache-2.0"
    assert 'licenses="Apache-2.0"' in (ROOT / "services/Dockerfile").read_text()
    assert "Apache License\n                           Version 2.0" in (ROOT / "LICENSE").read_text()


@pytest.mark.parametrize("page", ["CONTRIBUTING.md", "SECURITY.md", "docs/delivery.md", "docs/migrations.md"])
def test_what_a_page_leads_to_is_there(page: str) -> None:
    targets = re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text())
    assert not [target for target in targets if not ((ROOT / page).parent / target).exists()]


def test_a_deployment_reads_every_file_that_no_person_can() -> None:
    unreadable = [file for file in tracked() if not readable(ROOT / file)]
    assert unreadable == ["services/gateway/src/souk_gateway/descriptors.binpb"]


def test_no_key_is_kept_but_those_of_an_example_that_a_case_shows() -> None:
    begun = "-----BEGIN" + r"( [A-Z]+)? PRIVATE KEY-----"
    holding = [file for file in tracked() if readable(ROOT / file) and re.search(begun, (ROOT / file).read_text())]
    assert {Path(file).parent.as_posix() for file in holding} == {"mesh/local/behaviour/cases/gateways"}


def readable(file: Path) -> bool:
    try:
        file.read_text()
    except UnicodeDecodeError:
        return False
    return True
