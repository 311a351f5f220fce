"""The objects of two versions side by side, made from those of the service: plain functions over documents."""

from __future__ import annotations

import copy
import json
from collections.abc import Mapping, Sequence
from typing import Any

from souk_canary import routing
from souk_canary.homes import Document

BASELINE, CANDIDATE = "baseline", "candidate"
"""The subsets, and the value of the label `version` of their pods."""

BEFORE = "canary.souk.dev/before-versions"
"""An annotation: the spec that an object had, as JSON. What has it is restored from it."""
MADE = "canary.souk.dev/version"
"""A label: the Deployment is a copy, made for an experiment."""

INSTANCE = "app.kubernetes.io/instance"
VERSION = "app.kubernetes.io/version"


def template_of(service: Document, deployments: Sequence[Document]) -> Document | None:
    """The first Deployment whose pods stand behind a Service."""
    selector = routing.selector(service).items()
    return next((each for each in deployments if selector <= _pod_labels(each).items() and not made(each)), None)


def images(deployment: Document) -> Sequence[str]:
    """The images of a Deployment's containers."""
    return sorted({container["image"] for container in _containers(_spec(deployment)["template"]["spec"])})


def tagged(image: str, tag: str | None) -> str:
    """The image under another tag; None leaves it."""
    return f"{image.partition('@')[0].partition(':')[0]}:{tag}" if tag else image


def copied(deployment: Document, service: str, version: str, tag: str | None) -> Document:
    """A Deployment of one pod like those of the service, told apart by its labels, with other images."""
    name = f"{service}-{version}"
    labels = {**_pod_labels(deployment), INSTANCE: name, "version": version}
    labels.pop(VERSION, None)
    template = copy.deepcopy(_spec(deployment)["template"])
    template["metadata"] = {**template["metadata"], "labels": labels}
    for container in _containers(template["spec"]):
        container["image"] = tagged(container["image"], tag)
    selected = {key: labels[key] for key in (*_spec(deployment)["selector"]["matchLabels"], INSTANCE)}
    return {
        "apiVersion": deployment["apiVersion"],
        "kind": deployment["kind"],
        "metadata": {"name": name, "namespace": routing.key(deployment).namespace, "labels": {MADE: version}},
        "spec": {**_spec(deployment), "replicas": 1, "selector": {"matchLabels": selected}, "template": template},
    }


def made(deployment: Document) -> bool:
    """Tells whether a Deployment is such a copy."""
    return MADE in _metadata(deployment).get("labels", {})


def with_subsets(rule: Document) -> Document:
    """The DestinationRule, with a subset for each version beside its own."""
    subsets = [{"name": name, "labels": {"version": name}} for name in (BASELINE, CANDIDATE)]
    return _changed(rule, {**_spec(rule), "subsets": [*_spec(rule).get("subsets", ()), *subsets]})


def with_versions(service: str, rule: Document) -> Document:
    """The VirtualService, where each route to the service leads to the baseline, and could lead to the candidate."""
    namespace = routing.key(rule).namespace
    routes = [_split(route) if _leads(service, namespace, route) else route for route in _spec(rule)["http"]]
    return _changed(rule, {**_spec(rule), "http": routes})


def altered(document: Document) -> bool:
    """Tells whether an object was changed for versions side by side."""
    return BEFORE in _metadata(document).get("annotations", {})


def restored(document: Document) -> Document:
    """The object as it was."""
    metadata = dict(_metadata(document))
    annotations = metadata.pop("annotations")
    others = {name: value for name, value in annotations.items() if name != BEFORE}
    if others:
        metadata["annotations"] = others
    return {**document, "metadata": metadata, "spec": json.loads(annotations[BEFORE])}


def _changed(document: Document, spec: Mapping[str, Any]) -> Document:
    metadata = _metadata(document)
    annotations = {**metadata.get("annotations", {}), BEFORE: json.dumps(document["spec"])}
    return {**document, "metadata": {**metadata, "annotations": annotations}, "spec": spec}


def _leads(service: str, namespace: str, route: Mapping[str, Any]) -> bool:
    hosts = [each["destination"]["host"] for each in route.get("route", ())]
    return bool(hosts) and all(routing.means(service, host, namespace) for host in hosts)


def _split(route: Mapping[str, Any]) -> Mapping[str, Any]:
    first = route["route"][0]
    return {
        **route,
        "route": [
            {**first, "destination": {**first["destination"], "subset": subset}, "weight": weight}
            for subset, weight in ((BASELINE, 100), (CANDIDATE, 0))
        ],
    }


def _containers(pod: Mapping[str, Any]) -> Sequence[dict[str, Any]]:
    return [*pod.get("initContainers", ()), *pod["containers"]]


def _pod_labels(deployment: Document) -> Mapping[str, str]:
    found: Mapping[str, str] = _spec(deployment)["template"]["metadata"]["labels"]
    return found


def _spec(document: Document) -> Mapping[str, Any]:
    spec = document["spec"]
    assert isinstance(spec, Mapping), "an object has a spec"
    return spec


def _metadata(document: Document) -> Mapping[str, Any]:
    metadata = document["metadata"]
    assert isinstance(metadata, Mapping), "an object has metadata"
    return metadata
