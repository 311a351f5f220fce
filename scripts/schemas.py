"""Writes the JSON schemas by which kubeconform judges manifests: `scripts/schemas.py FOLDER`.

Those of Kubernetes come from the package kubernetes-validate; those of custom resources are made of the definitions
that Istio, Argo CD, cert-manager, CloudNativePG and External Secrets publish in their Go modules. So nothing is fetched
when manifests are judged.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator, Mapping
from importlib.resources import files
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parent.parent
# The version on which the dev overlay was tried.
KUBERNETES = "1.34"
# By the module that has them: where it is pinned, and its files.
DEFINITIONS = {
    "istio.io/api": ("tools", "kubernetes/customresourcedefinitions.gen.yaml"),
    "github.com/argoproj/argo-cd/v3": ("tools/crds", "manifests/crds/*-crd.yaml"),
    "github.com/cert-manager/cert-manager": ("tools/crds", "deploy/crds/*.yaml"),
    "github.com/cloudnative-pg/cloudnative-pg": ("tools/crds", "config/crd/bases/*.yaml"),
    "github.com/external-secrets/external-secrets": ("tools/crds", "config/crds/bases/external-secrets.io_*.yaml"),
}

Schema = Mapping[str, Any]


def main(folder: Path) -> None:
    """Writes the schemas of all kinds."""
    write_kubernetes(folder / "kubernetes")
    for module, (pinned, pattern) in DEFINITIONS.items():
        found = sorted(sources(module, ROOT / pinned).glob(pattern))
        if not found:
            raise SystemExit(f"error: {module} has no file {pattern}\n  see where it keeps its definitions now")
        for spec in (each for file in found for each in definitions_of(file)):
            write(spec, folder / spec["group"])


def write_kubernetes(folder: Path) -> None:
    """Copies what the package has; the files there call themselves pages of kubernetes.io, and are looked for there."""
    folder.mkdir(parents=True, exist_ok=True)
    published = Path(str(files("kubernetes_validate"))) / f"kubernetes-json-schema/v{KUBERNETES}.0-local-strict"
    for file in published.glob("*.json"):
        schema = json.loads(file.read_text().replace('"/api/_definitions.json', '"_definitions.json'))
        schema.pop("$id", None)
        (folder / file.name).write_text(json.dumps(schema))


def write(spec: Schema, folder: Path) -> None:
    """Writes `<kind>_<version>.json`, in small letters, which is how kubeconform is told to ask for them."""
    folder.mkdir(parents=True, exist_ok=True)
    for version in spec["versions"]:
        schema = as_object(version["schema"]["openAPIV3Schema"])
        (folder / f"{spec['names']['kind'].lower()}_{version['name']}.json").write_text(json.dumps(schema))


def sources(module: str, pinned: Path) -> Path:
    """The folder of a Go module, downloaded and verified if it is not there yet."""
    go = str(Path(sys.executable).with_name("go"))
    subprocess.run([go, "mod", "download", module], cwd=pinned, check=True)
    query = [go, "list", "-m", "-f", "{{.Dir}}", module]
    return Path(subprocess.run(query, cwd=pinned, check=True, capture_output=True, text=True).stdout.strip())


def definitions_of(file: Path) -> Iterator[Schema]:
    """The specifications of the CustomResourceDefinitions in a file."""
    for document in yaml.load_all(file.read_text(), Loader=yaml.CSafeLoader):
        if document and document["kind"] == "CustomResourceDefinition":
            yield document["spec"]


def as_object(schema: Schema) -> Schema:
    """The schema of a whole object: a definition leaves out what the API server adds to each."""
    known = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
    return closed({**schema, "properties": {**schema["properties"], **known}})


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


if __name__ == "__main__":
    main(Path(sys.argv[1]))
