"""The published schemas of Kubernetes and of Istio, with unknown fields refused.

What schemas can't say (CEL rules, Istio's validating webhook, what refers to what) is left to the local mesh's own
checks and to a cluster.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from functools import cache, cached_property
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml
from jsonschema import Draft202012Validator
from referencing import Registry, Resource

from tests.manifests.overlays import Manifest
from tests.mesh import ROOT

KUBERNETES = "1.34"

Schema = Mapping[str, Any]


class KubernetesSchemas:
    """The API of one version of Kubernetes, from the package kubernetes-validate."""

    def __init__(self) -> None:
        name = f"kubernetes-json-schema/v{KUBERNETES}.0-local-strict"
        self._folder = Path(str(files("kubernetes_validate"))) / name

    def problems(self, manifest: Manifest) -> Sequence[str]:
        """What is wrong with an object, each with the path of the field."""
        return said_by(self._validator(manifest.kind, manifest.api_version), manifest)

    @cache  # noqa: B019 - lives as long as the session
    def _validator(self, kind: str, api_version: str) -> Draft202012Validator:
        group, _, version = api_version.rpartition("/")
        name = "-".join(filter(None, (kind.lower(), group.split(".")[0], version)))
        schema = json.loads((self._folder / f"{name}.json").read_text())
        return Draft202012Validator(schema, registry=self._definitions)

    @cached_property
    def _definitions(self) -> Registry[Any]:
        definitions: Resource[Any] = Resource.from_contents(
            json.loads((self._folder / "_definitions.json").read_text())
        )
        return definitions @ Registry()


class IstioSchemas:
    """The custom resource definitions that Istio publishes in the Go module that tools/go.mod pins."""

    def problems(self, manifest: Manifest) -> Sequence[str]:
        """What is wrong with an object, each with the path of the field."""
        schema = self._schemas[manifest.kind, manifest.api_version]
        return said_by(Draft202012Validator(schema), manifest)

    @cached_property
    def _schemas(self) -> Mapping[tuple[str, str], Schema]:
        text = (istio_api() / "kubernetes/customresourcedefinitions.gen.yaml").read_text()
        definitions = [document["spec"] for document in yaml.load_all(text, Loader=yaml.CSafeLoader) if document]
        return {
            (spec["names"]["kind"], f"{spec['group']}/{version['name']}"): as_object(
                version["schema"]["openAPIV3Schema"]
            )
            for spec in definitions
            for version in spec["versions"]
        }


def istio_api() -> Path:
    """The folder of istio.io/api in Go's module cache; `make env` has downloaded and verified it."""
    go = Path(sys.executable).with_name("go")
    query = [str(go), "list", "-m", "-f", "{{.Dir}}", "istio.io/api"]
    return Path(subprocess.run(query, cwd=ROOT / "tools", check=True, capture_output=True, text=True).stdout.strip())


def as_object(schema: Schema) -> Schema:
    """The schema of a whole object: a definition leaves out what the API server adds to each."""
    known = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    return closed({**schema, "properties": {**known, **schema["properties"]}})


def closed(schema: Schema) -> Schema:
    """Refuses fields that a schema doesn't name, as `kubectl apply` does.

    Alternatives (oneOf, anyOf) only add conditions to fields that are named beside them: they stay open.
    """
    result = dict(schema)
    if isinstance(inner := schema.get("additionalProperties"), Mapping):
        result["additionalProperties"] = closed(inner)
    if isinstance(items := schema.get("items"), Mapping):
        result["items"] = closed(items)
    if "properties" in schema:
        result["properties"] = {name: closed(value) for name, value in schema["properties"].items()}
        if not schema.get("x-kubernetes-preserve-unknown-fields"):
            result.setdefault("additionalProperties", False)
    return result


def said_by(validator: Draft202012Validator, manifest: Manifest) -> Sequence[str]:
    """What a validator has to say about an object."""
    return [f"{manifest}: {error.json_path}: {error.message}" for error in validator.iter_errors(manifest.body)]
