"""`souk get`: objects as the mesh holds them."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from souk_mesh.cli.commands import Format
from souk_mesh.cli.context import ask, running, state
from souk_mesh.cli.failures import Failed
from souk_mesh.cli.tables import print_pods, print_table
from souk_mesh.control import methods
from souk_mesh.control.messages import GetRequest, Nothing, StatusReply
from souk_mesh.objects.parsing import KINDS

SHORT = {
    "ns": "Namespace",
    "sa": "ServiceAccount",
    "cm": "ConfigMap",
    "svc": "Service",
    "pvc": "PersistentVolumeClaim",
    "deploy": "Deployment",
    "sts": "StatefulSet",
    "gw": "Gateway",
    "vs": "VirtualService",
    "dr": "DestinationRule",
    "pa": "PeerAuthentication",
    "ra": "RequestAuthentication",
    "ap": "AuthorizationPolicy",
}
"""The short names that kubectl and istioctl users type."""

HIDDEN = "(hidden)"


def get(kind: str, name: str | None, namespace: str | None, output: Format, home: Path | None) -> None:
    """Prints objects of a kind.

    Raises:
        Failed: the kind is unknown, or there is no such object.
    """
    with running(state(home)) as client:
        if kind.lower() in ("pod", "pods", "po"):
            _print_pods(ask(client, methods.STATUS, Nothing()), output)
            return
        full = _kind(kind)
        reply = ask(client, methods.GET, GetRequest(kind=full, name=name, namespace=namespace))
        objects = tuple(map(_covered, reply.objects))
    if name is not None and not objects:
        raise Failed(f"there is no {full} {name}\n  `souk get {kind}` lists what there is")
    match output:
        case Format.TABLE:
            print_table(("NAMESPACE", "NAME"), [_names(each) for each in objects])
        case Format.JSON:
            print(json.dumps(_one_or_list(objects, name), indent=2))
        case Format.YAML:
            import yaml  # noqa: PLC0415

            print(yaml.safe_dump_all(objects, sort_keys=False), end="")


def _print_pods(reply: StatusReply, output: Format) -> None:
    pods = [pod.model_dump(mode="json") for pod in reply.pods]
    match output:
        case Format.TABLE:
            print_pods(reply)
        case Format.JSON:
            print(json.dumps(pods, indent=2))
        case Format.YAML:
            import yaml  # noqa: PLC0415

            print(yaml.safe_dump_all(pods, sort_keys=False), end="")


def _kind(text: str) -> str:
    known = {kind.lower(): kind for _, kind in KINDS}
    word = text.lower()
    for candidate in (SHORT.get(word, ""), known.get(word, ""), known.get(word.removesuffix("s"), "")):
        if candidate:
            return candidate
    # policies, and the like
    plural = known.get(word.removesuffix("ies") + "y")
    if plural is None:
        raise Failed(
            f"the mesh knows no kind {text}\n  it knows: {', '.join(sorted({kind for _, kind in KINDS}))}, Pod"
        )
    return plural


def _covered(document: Mapping[str, object]) -> Mapping[str, object]:
    """The document as it could be applied; of a Secret, without what is secret in it."""
    metadata = document["metadata"]
    assert isinstance(metadata, Mapping)
    applicable = {name: value for name, value in metadata.items() if name != "resourceVersion"}
    hidden = {
        key: dict.fromkeys(entries, HIDDEN)
        for key in ("data", "stringData")
        if document["kind"] == "Secret" and isinstance(entries := document.get(key), Mapping)
    }
    return {**document, "metadata": applicable, **hidden}


def _names(document: Mapping[str, object]) -> tuple[str, str]:
    metadata = document["metadata"]
    assert isinstance(metadata, Mapping)
    return str(metadata.get("namespace", "")), str(metadata["name"])


def _one_or_list(objects: Sequence[Mapping[str, object]], name: str | None) -> object:
    return objects[0] if name is not None and len(objects) == 1 else list(objects)
