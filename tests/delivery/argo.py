"""The custom resource definitions that Argo CD publishes."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

import yaml
from jsonschema import Draft202012Validator

from tests.manifests.overlays import Manifest
from tests.manifests.schemas import Schema, as_object, said_by
from tests.mesh import ROOT

MODULE = "github.com/argoproj/argo-cd/v3@v3.5.1"
# As Go's checksum database has it: what is downloaded is this or nothing.
SUM = "h1:jtwPLEFX9mNj3jSq88ugFcScGnOZVs2DWaXFuZxrRT8="


class ArgoSchemas:
    """What Argo CD accepts, without unknown fields."""

    def problems(self, manifest: Manifest) -> Sequence[str]:
        """What is wrong with an object, each with the path of the field."""
        return said_by(Draft202012Validator(self._schemas[manifest.kind, manifest.api_version]), manifest)

    @cached_property
    def _schemas(self) -> Mapping[tuple[str, str], Schema]:
        texts = [path.read_text() for path in (module() / "manifests/crds").glob("*-crd.yaml")]
        definitions = [yaml.load(text, Loader=yaml.CSafeLoader)["spec"] for text in texts]
        return {
            (spec["names"]["kind"], f"{spec['group']}/{version['name']}"): as_object(
                version["schema"]["openAPIV3Schema"]
            )
            for spec in definitions
            for version in spec["versions"]
        }


def module() -> Path:
    """The folder of Argo CD in Go's module cache, where it is put the first time."""
    # Outside of any module, so that only this one is fetched and none of the thousand that it needs to be built.
    done = subprocess.run(
        [ROOT / ".souk/venv/bin/go", "mod", "download", "-json", MODULE],
        cwd="/",
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    downloaded = json.loads(done.stdout)
    assert downloaded["Sum"] == SUM
    return Path(downloaded["Dir"])
