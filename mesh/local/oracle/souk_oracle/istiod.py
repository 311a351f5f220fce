"""Asks Istio's own discovery server, which the Go program beside this package starts in process."""

from __future__ import annotations

import base64
import hashlib
import json
import os
import subprocess
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from subprocess import PIPE
from typing import TypeVar

from envoy.config.cluster.v3.cluster_pb2 import Cluster
from envoy.config.endpoint.v3.endpoint_pb2 import ClusterLoadAssignment
from envoy.config.listener.v3.listener_pb2 import Listener
from envoy.config.route.v3.route_pb2 import RouteConfiguration
from google.protobuf.message import Message

from souk_oracle import manifests
from souk_oracle.case import ORACLE
from souk_oracle.scene import Scene
from souk_oracle.told import Told

MODULE = ORACLE / "istiod"
_BUILD = ("build", "-trimpath")
# Istiod would fetch the keys of a RequestAuthentication itself, from the network; so the proxies do.
_SETTINGS = {"PILOT_JWT_ENABLE_REMOTE_JWKS": "envoy"}

_Message = TypeVar("_Message", bound=Message)


class Broken(Exception):
    """Istiod came to an end while it was asked."""


class Refused(Exception):
    """Istio does not accept the objects of a case."""


def build(go: Path, program: Path) -> None:
    """Compiles the program; many minutes the first time, since all of istiod is in it."""
    subprocess.run([go, *_BUILD, "-o", program, "."], cwd=MODULE, check=True)


def version(go: Path) -> str:
    """The version of Istio that is asked."""
    command = [str(go), "list", "-m", "-f", "{{.Version}}", "istio.io/istio"]
    done = subprocess.run(command, cwd=MODULE, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def ask(program: Path, scenes: Mapping[str, Scene]) -> Iterator[tuple[str, Told | Refused]]:
    """Asks for every scene, in their order; what the same program was asked before is not asked again.

    Raises:
        Broken: when it ends before it has answered everything.
    """
    kept = program.with_suffix(".answers")
    kept.mkdir(exist_ok=True)
    questions = {name: json.dumps(_question(scene)) for name, scene in scenes.items()}
    files = {name: kept / hashlib.sha256(each.encode()).hexdigest() for name, each in questions.items()}
    new = [name for name, file in files.items() if not file.exists()]
    with subprocess.Popen([program], stdin=PIPE, stdout=PIPE, stderr=PIPE, env={**os.environ, **_SETTINGS}) as process:
        out, log = process.communicate("\n".join(questions[name] for name in new).encode())
    lines = out.splitlines()
    for name, line in zip(new, lines, strict=False):
        files[name].write_bytes(line)
    if process.returncode != 0:
        raise Broken(f"istiod broke down over {new[len(lines)]}:\n{log.decode()[-3000:]}")
    for name, file in files.items():
        answer = json.loads(file.read_bytes())
        yield name, Refused(answer["error"]) if "error" in answer else _told(answer)


def _question(scene: Scene) -> Mapping[str, object]:
    pod = scene.looker
    return {
        "kubernetes": manifests.kubernetes(scene),
        "istio": manifests.istio(scene),
        "proxy": {
            "kind": str(pod.proxy),
            "name": pod.name,
            "namespace": pod.namespace,
            "address": pod.addresses.pod,
            "service_account": pod.service_account,
            "labels": dict(pod.labels),
        },
    }


def _told(answer: Mapping[str, list[str]]) -> Told:
    return Told(
        listeners={each.name: each for each in _messages(answer["listeners"], Listener)},
        routes={each.name: each for each in _messages(answer["routes"], RouteConfiguration)},
        clusters={each.name: each for each in _messages(answer["clusters"], Cluster)},
        endpoints={each.cluster_name: each for each in _messages(answer["endpoints"], ClusterLoadAssignment)},
    )


def _messages(encoded: Iterable[str], kind: type[_Message]) -> Iterable[_Message]:
    return (kind.FromString(base64.b64decode(each)) for each in encoded)
