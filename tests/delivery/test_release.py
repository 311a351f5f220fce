"""A release changes what one service is, and nothing else; tried on a copy of the repository."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from scripts.manifests import KUSTOMIZE
from tests.mesh import ROOT

DIGEST = "sha256:" + "0123456789abcdef" * 4
SERVICES = sorted(path.parent.name for path in (ROOT / "services").glob("*/pyproject.toml"))


@dataclass(frozen=True)
class Copy:
    """A copy of this repository."""

    root: Path

    def release(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        command = [str(ROOT / "scripts/release"), "--root", str(self.root), *arguments]
        return subprocess.run(command, capture_output=True, text=True, check=False)

    def changes(self) -> Mapping[str, tuple[list[str], list[str]]]:
        """By file, the lines that went and those that came."""
        diff = subprocess.run(["git", "diff", "-U0"], cwd=self.root, capture_output=True, text=True, check=True).stdout
        found: dict[str, tuple[list[str], list[str]]] = {}
        for file in diff.split("diff --git ")[1:]:
            name = file.partition(" b/")[2].partition("\n")[0]
            lines = file.partition("@@")[2].splitlines()
            found[name] = (
                [line[1:].strip() for line in lines if line[:1] == "-"],
                [line[1:].strip() for line in lines if line[:1] == "+"],
            )
        return found

    def images(self, overlay: str) -> set[str]:
        """Those of every container of an overlay."""
        folder = self.root / "deploy/kustomize/overlays" / overlay
        built = subprocess.run([KUSTOMIZE, "build", folder], capture_output=True, text=True, check=True).stdout
        pods = [each["spec"]["template"]["spec"] for each in yaml.safe_load_all(built) if each["kind"] == "Deployment"]
        return {
            container["image"] for pod in pods for container in (*pod.get("initContainers", ()), *pod["containers"])
        }


@pytest.fixture
def copy(tmp_path: Path) -> Copy:
    copy = Copy(tmp_path / "copy")
    subprocess.run(["git", "clone", "-q", "--shared", "--sparse", str(ROOT), str(copy.root)], check=True)
    subprocess.run(["git", "sparse-checkout", "set", "services", "deploy", "mesh/istio"], cwd=copy.root, check=True)
    return copy


@pytest.mark.parametrize("service", SERVICES)
def test_a_release_changes_the_lines_of_one_service_and_only_to_the_new_version(copy: Copy, service: str) -> None:
    assert copy.release("prepare", service, "7.8.9").returncode == 0
    changes = copy.changes()
    assert f"services/{service}/pyproject.toml" in changes
    assert all(f"/{service}/" in name for name in changes)
    for gone, come in changes.values():
        assert gone
        assert len(gone) == len(come)
        assert all("7.8.9" in line for line in come)
    assert f"souk/{service}:7.8.9" in copy.images("prod")


def test_a_version_that_runs_beside_the_newest_stays_as_it_is(copy: Copy) -> None:
    assert copy.release("prepare", "payment", "2.1.0").returncode == 0
    assert {"souk/payment:1.0.0", "souk/payment:2.1.0"} <= copy.images("dev")
    assert "deploy/kustomize/base/payment/deployment-v1.yaml" not in copy.changes()


def test_what_was_released_is_deployed_by_its_digest_and_the_others_as_before(copy: Copy) -> None:
    before = copy.images("prod")
    copy.release("prepare", "payment", "2.1.0")
    recorded = copy.release("record", "payment", "2.1.0", f"registry.example/souk/payment@{DIGEST}")
    assert recorded.returncode == 0, recorded.stderr
    released = f"registry.example/souk/payment:2.1.0@{DIGEST}"
    assert copy.images("prod") == before - {"souk/payment:2.0.0"} | {released}


def test_recording_keeps_the_other_services_and_forgets_versions_that_nobody_runs(copy: Copy) -> None:
    for service, version in (("order", "1.1.0"), ("catalog", "1.1.0"), ("order", "1.2.0")):
        assert copy.release("prepare", service, version).returncode == 0
        done = copy.release("record", service, version, f"registry.example/{service}@{DIGEST}")
        assert done.returncode == 0, done.stderr
    text = (copy.root / "deploy/kustomize/components/released/kustomization.yaml").read_text()
    assert [entry["name"] for entry in yaml.safe_load(text)["images"]] == ["souk/catalog:1.1.0", "souk/order:1.2.0"]
    assert text.startswith("# What the registry holds")


def test_promotion_is_one_line(copy: Copy) -> None:
    commit = "0123456789" * 4
    assert copy.release("promote", commit).returncode == 0
    ((_, come),) = copy.changes().values()
    assert come == [f"targetRevision: {commit}"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("prepare", "orders", "1.1.0"), "there are: acquirer, catalog, gateway, inventory, order, payment"),
        (("prepare", "order", "1.0.0"), "is not above 1.0.0"),
        (("prepare", "order", "1.1"), "three numbers"),
        (("record", "order", "1.1.0", f"registry.example/order@{DIGEST}"), "`scripts/release prepare order 1.1.0`"),
        (("record", "order", "1.0.0", "registry.example/order:1.0.0"), "no image with a digest"),
        (("promote", "main"), "would move"),
    ],
)
def test_what_can_not_be_meant_is_refused_and_changes_nothing(copy: Copy, arguments: tuple[str, ...], why: str) -> None:
    done = copy.release(*arguments)
    assert done.returncode == 1
    assert why in done.stderr
    assert not copy.changes()
