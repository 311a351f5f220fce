"""What Argo CD is told: its own schemas accept it, and it deploys the overlays in a safe order."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from scripts.manifests import DEPLOY, build
from tests.manifests.overlays import Manifest
from tests.manifests.schemas import problems
from tests.mesh import ROOT

FILES = sorted((ROOT / "deploy/argocd").glob("**/*.yaml"))
OBJECTS = [Manifest(yaml.safe_load(path.read_text())) for path in FILES if path.name != "kustomization.yaml"]
ENVIRONMENTS = ("dev", "prod")
WAVE = "argocd.argoproj.io/sync-wave"
SOURCE = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["source"]


def environment(name: str) -> dict[str, Any]:
    """The specification of the Application that an environment's ApplicationSet makes."""
    (found,) = [each for each in OBJECTS if each.name == f"souk-{name}"]
    return dict(found.spec["template"]["spec"])


def deployed(name: str, folder: Path) -> Sequence[Manifest]:
    """What an environment's Application applies: the overlay, with the components that it adds."""
    source = environment(name)["source"]
    overlay = ROOT / source["path"]
    components = [os.path.relpath((overlay / each).resolve(), folder) for each in source["kustomize"]["components"]]
    kustomization = {"resources": [os.path.relpath(overlay, folder)], "components": components}
    (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
    return [Manifest(each) for each in yaml.load_all(build(folder), Loader=yaml.CSafeLoader)]


def wave(manifest: Manifest) -> int:
    return int(manifest.body["metadata"].get("annotations", {}).get(WAVE, "0"))


@pytest.mark.parametrize("manifest", OBJECTS, ids=str)
def test_argo_cd_accepts_every_object(manifest: Manifest) -> None:
    assert not problems([manifest])


def test_a_field_that_argo_cd_does_not_know_is_refused() -> None:
    (project,) = [each for each in OBJECTS if each.kind == "AppProject"]
    wrong = {**project.body, "spec": {**project.spec, "sourceRepo": "x"}}
    assert "sourceRepo" in "".join(problems([Manifest(wrong)]))


def test_every_environment_has_an_application_set_of_its_overlay() -> None:
    sets = [each for each in OBJECTS if each.kind == "ApplicationSet"]
    assert [each.name for each in sets] == [f"souk-{name}" for name in ENVIRONMENTS]
    for name in ENVIRONMENTS:
        assert environment(name)["source"]["path"] == f"deploy/kustomize/overlays/{name}"


def test_everything_comes_from_where_the_project_says_its_source_is() -> None:
    for name in ENVIRONMENTS:
        assert environment(name)["source"]["repoURL"] == SOURCE
    (project,) = [each for each in OBJECTS if each.kind == "AppProject"]
    assert project.spec["sourceRepos"] == [SOURCE]
    (bootstrap,) = [each for each in OBJECTS if each.kind == "Application"]
    assert bootstrap.spec["source"]["repoURL"] == SOURCE


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_what_moves_while_the_shop_runs_is_left_alone(name: str) -> None:
    ignored = {each["kind"]: each for each in environment(name)["ignoreDifferences"]}
    assert ignored["VirtualService"]["jqPathExpressions"] == [".spec.http[].route[].weight"]
    assert ignored["Deployment"]["jsonPointers"] == ["/spec/replicas"]
    assert "RespectIgnoreDifferences=true" in environment(name)["syncPolicy"]["syncOptions"]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_the_namespace_comes_before_policies_and_these_before_databases_services_and_the_edge(
    name: str, tmp_path: Path
) -> None:
    manifests = deployed(name, tmp_path)
    waves: dict[str, set[int]] = {}
    for each in manifests:
        component = each.body["metadata"].get("labels", {}).get("app.kubernetes.io/component")
        waves.setdefault(str(component) if each.kind == "Deployment" else each.kind, set()).add(wave(each))
    before = [
        *(waves["Namespace"], waves["AuthorizationPolicy"] | waves["PeerAuthentication"] | waves["ServiceAccount"]),
        *([waves["database"] | waves["PersistentVolumeClaim"]] if "database" in waves else []),
        *(waves["service"], waves["gateway"] | waves["ingress"]),
    ]
    assert all(len(each) == 1 for each in before), before
    order = [next(iter(each)) for each in before]
    assert order == sorted(set(order))


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_every_image_that_was_released_is_deployed_by_its_digest(name: str, tmp_path: Path) -> None:
    released = yaml.safe_load((DEPLOY / "components/released/kustomization.yaml").read_text())["images"]
    text = yaml.safe_dump([each.body for each in deployed(name, tmp_path)])
    assert not [each["name"] for each in released if f"image: {each['name']}\n" in text]
