"""Secrets are named in manifests and made by somebody else: every one that is named, and no other."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts import manifests
from tests.manifests.overlays import Overlay, combine, load, pod
from tests.mesh import ROOT


def asked_for(overlay: Overlay) -> set[tuple[str, str]]:
    """The Secrets that pods and Gateways name, and the key that they read."""
    variables = (
        variable["valueFrom"]["secretKeyRef"]
        for each in overlay.containers
        for variable in each.body.get("env", ())
        if "secretKeyRef" in variable.get("valueFrom", {})
    )
    servers = (server for each in overlay.of("Gateway") for server in each.spec["servers"])
    certificates = {
        (server["tls"]["credentialName"], "tls.key") for server in servers if "mode" in server.get("tls", {})
    }
    return {(each["name"], each["key"]) for each in variables} | certificates


def made_by_operators(overlay: Overlay) -> Iterator[str]:
    """The Secrets that External Secrets and cert-manager make."""
    for each in overlay.of("ExternalSecret"):
        yield each.spec.get("target", {}).get("name", each.name)
    for each in overlay.of("Certificate"):
        yield each.spec["secretName"]


@pytest.mark.parametrize("service", ["acquirer", "catalog", "inventory", "order", "payment"])
def test_a_service_reads_the_url_of_its_own_database_and_no_other(service: str) -> None:
    for each in load("prod").of("Deployment"):
        if each.labels["app.kubernetes.io/name"] == service:
            variables = [*pod(each)["initContainers"][0]["env"], *pod(each)["containers"][0]["env"]]
            names = [found["valueFrom"]["secretKeyRef"]["name"] for found in variables if "valueFrom" in found]
            assert names == [f"{service}-database"] * 2, each


def test_in_production_operators_make_every_secret_and_no_other() -> None:
    prod = load("prod")
    assert {name for name, _ in asked_for(prod)} == set(made_by_operators(prod))


@pytest.mark.parametrize("name", ["local", "dev"])
def test_what_is_to_be_tried_asks_for_none(name: str) -> None:
    assert not asked_for(load(name))


def test_on_a_small_cluster_the_script_makes_every_secret_and_no_other(tmp_path: Path) -> None:
    kubectl = tmp_path / "kubectl"
    # It names what it would make, and takes what it is given.
    kubectl.write_text(
        '#!/bin/sh\ncase $* in\n*" create secret "*) echo "$*" >> made ;;\n*apply*) cat > /dev/null ;;\nesac\n'
    )
    kubectl.chmod(0o755)
    environment = {**os.environ, "KUBECTL": str(kubectl)}
    # From the folder of the fake, so that it is known where it writes.
    subprocess.run([ROOT / "scripts/lab-secrets"], env=environment, cwd=tmp_path, check=True, timeout=60)
    made = [line.split() for line in (tmp_path / "made").read_text().splitlines()]
    keys = {"generic": "url", "tls": "tls.key"}
    lab = {(words[5], keys[words[4]]) for words in made}
    assert lab == asked_for(load("prod-lab"))


def test_the_password_of_a_role_is_in_the_secret_of_its_service() -> None:
    (row,) = [each for each in manifests.combinations() if "cloudnative-pg" in each.components]
    overlay = combine(row)
    (cluster,) = overlay.of("Cluster")
    roles = {role["name"]: role["passwordSecret"]["name"] for role in cluster.spec["managed"]["roles"]}
    assert roles == {database.spec["owner"]: f"{database.name}-database" for database in overlay.of("Database")}
    assert {(name, "url") for name in roles.values()} <= asked_for(overlay)
