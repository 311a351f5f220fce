"""The recorded series shows the versions that it names."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.shop import ROOT
from tests.test_report import recorded
from tests.test_runs import World, defined
from trials.cases import CASES, Case
from trials.mesh import kustomization
from trials.table import page


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_is_the_shop_with_its_faults_and_no_others(case: Case, tmp_path: Path) -> None:
    (tmp_path / "kustomization.yaml").write_text(yaml.safe_dump(kustomization(case, tmp_path)))
    built = subprocess.run(
        [ROOT / ".souk/bin/kustomize", "build", tmp_path], capture_output=True, text=True, check=False
    )
    assert built.returncode == 0, built.stderr
    documents = list(yaml.safe_load_all(built.stdout))
    assert faults(documents, "payment-v1") == case.baseline
    assert faults(documents, "payment-v2") == case.faults


def faults(documents: Sequence[Mapping[str, Any]], deployment: str) -> Mapping[str, str]:
    """What a version's pods are told to do wrong; a zero is nothing."""
    (found,) = [each for each in documents if (each["kind"], each["metadata"]["name"]) == ("Deployment", deployment)]
    (app,) = found["spec"]["template"]["spec"]["containers"]
    told = {each["name"]: each["value"] for each in app["env"] if each["name"].startswith("FAULT_")}
    return {name: value for name, value in told.items() if value != "0"}


def test_the_page_counts_outcomes_and_tells_delays() -> None:
    bad = recorded(World({"v1": 0.0, "v2": 0.9}), defined())
    case = next(case for case in CASES if case.name == "errors-30")
    text = page([(case, [bad, bad])])
    assert "| 30 % errors | 2 | 2 | 2 ROLL BACK | 1.8 (1.8 to 1.8) |" in text
