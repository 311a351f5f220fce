"""The fields that Istio publishes: its custom resource definitions, in the Go module that tools/go.mod pins."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).resolve().parents[3]
DEFINITIONS = "kubernetes/customresourcedefinitions.gen.yaml"


@dataclass(frozen=True)
class Schema:
    """What a field may hold: a part of an OpenAPI schema."""

    body: Mapping[str, Any] = field(repr=False)

    @cached_property
    def shape(self) -> str:
        """Equal for what may hold the same, whatever is said about it."""
        return json.dumps(_undescribed(self.body), sort_keys=True)

    @property
    def inner(self) -> tuple[str, Schema]:
        """What a list or a map holds in the end, and how that is written: `[]`, `.*`; itself if it is neither."""
        for name, mark in (("items", "[]"), ("additionalProperties", ".*")):
            if isinstance(body := self.body.get(name), Mapping):
                marks, schema = Schema(body).inner
                return f"{mark}{marks}", schema
        return "", self

    @property
    def properties(self) -> Mapping[str, Schema]:
        """The fields of an object."""
        return {name: Schema(body) for name, body in self.body.get("properties", {}).items()}

    @property
    def values(self) -> tuple[str, ...]:
        """All that a text may be, if that is limited."""
        return tuple(self.body.get("enum", ()))


@dataclass(frozen=True)
class Definition:
    """One kind."""

    kind: str
    api_versions: tuple[str, ...]
    """The one to use first."""
    spec: Schema


def published() -> Sequence[Definition]:
    """Every kind, by group and name."""
    documents = yaml.load_all((istio_api() / DEFINITIONS).read_text(), Loader=yaml.CSafeLoader)
    found = [_definition(each["spec"]) for each in documents if each]
    return sorted(found, key=lambda each: (each.api_versions[0].partition("/")[0], each.kind))


def istio_api() -> Path:
    """The folder of istio.io/api in Go's module cache; `make env` has downloaded and verified it."""
    query = [str(ROOT / ".souk/venv/bin/go"), "list", "-m", "-f", "{{.Dir}}", "istio.io/api"]
    return Path(subprocess.run(query, cwd=ROOT / "tools", check=True, capture_output=True, text=True).stdout.strip())


def _definition(spec: Mapping[str, Any]) -> Definition:
    versions = sorted(spec["versions"], key=lambda each: len(each["name"]))
    schema = versions[0]["schema"]["openAPIV3Schema"]["properties"]["spec"]
    names = tuple(f"{spec['group']}/{each['name']}" for each in versions)
    return Definition(spec["names"]["kind"], names, Schema(schema))


def _undescribed(value: object) -> object:
    if isinstance(value, Mapping):
        return {name: _undescribed(inner) for name, inner in value.items() if name != "description"}
    return [_undescribed(each) for each in value] if isinstance(value, list) else value
