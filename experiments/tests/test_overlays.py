"""The shops that experiments are tried on differ in what is tried, and in nothing else."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
OVERLAYS = ROOT / "experiments" / "overlays"
PAYMENT = ("Deployment", "payment-v2")


@pytest.mark.parametrize(("bad", "good"), [("payment-v2-bad", "payment-v2-good"), ("cluster-bad", "cluster-good")])
def test_the_bad_shop_is_the_good_one_but_for_the_version_that_is_tried(bad: str, good: str) -> None:
    assert {key for key, each in built(bad).items() if built(good)[key] != each} == {PAYMENT}
    images = {each["image"] for each in built(bad)[PAYMENT]["spec"]["template"]["spec"]["containers"]}
    assert images == {"souk/faulty-payment:2.0.0"}


def test_a_cluster_and_the_local_mesh_try_the_same_fault() -> None:
    def fault(overlay: str) -> list[Mapping[str, str]]:
        (app,) = built(overlay)[PAYMENT]["spec"]["template"]["spec"]["containers"]
        return [each for each in app["env"] if each["name"].startswith("FAULT_")]

    assert fault("cluster-bad") == fault("payment-v2-bad")
    assert fault("cluster-bad") != []


@pytest.mark.parametrize("overlay", ["payment-v2-bad", "payment-v2-good", "cluster-bad", "cluster-good"])
def test_nothing_goes_to_the_version_that_is_tried_before_an_experiment(overlay: str) -> None:
    route, *_ = built(overlay)[("VirtualService", "payment")]["spec"]["http"]
    assert [(each["destination"]["subset"], each["weight"]) for each in route["route"]] == [("v1", 100), ("v2", 0)]


@cache
def built(overlay: str) -> Mapping[tuple[str, str], Any]:
    """The objects of an overlay, by kind and name."""
    done = subprocess.run(
        [ROOT / ".souk/bin/kustomize", "build", OVERLAYS / overlay], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return {(each["kind"], each["metadata"]["name"]): each for each in yaml.safe_load_all(done.stdout)}
