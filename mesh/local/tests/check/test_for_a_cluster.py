"""What only a cluster can do is no mistake: it stands in the way of a mesh here, and it is said."""

from __future__ import annotations

from pathlib import Path

import pytest
from test_check import SHOP, checked

from souk_mesh.problems import Severity, errors, mistakes

READER = """---
apiVersion: apps/v1
kind: Deployment
metadata: {name: reader, namespace: souk}
spec:
  selector: {matchLabels: {app: reader}}
  template:
    metadata: {labels: {app: reader}}
    spec:
      containers:
        - name: app
          image: souk/payment:1
          env: [{name: CODE, valueFrom: {secretKeyRef: {name: codes, key: code}}}]
"""
MAKERS = {
    "its own": ("external-secrets.io/v1", "ExternalSecret", "codes", "{dataFrom: []}"),
    "a target's": ("external-secrets.io/v1", "ExternalSecret", "vault", "{target: {name: codes}}"),
    "a certificate's": ("cert-manager.io/v1", "Certificate", "edge", "{secretName: codes}"),
}


def maker(version: str, kind: str, name: str, spec: str) -> str:
    return f"---\napiVersion: {version}\nkind: {kind}\nmetadata: {{name: {name}, namespace: souk}}\nspec: {spec}\n"


@pytest.mark.parametrize("made", MAKERS.values(), ids=MAKERS)
def test_a_secret_that_an_operator_makes_is_missing_only_here(made: tuple[str, str, str, str], tmp_path: Path) -> None:
    (problem,) = checked(SHOP + READER + maker(*made), tmp_path)
    assert problem.severity is Severity.NOT_HERE
    assert '"codes" is not made' in str(problem)
    assert f"{made[1]} souk/{made[2]} would have it made" in str(problem)


def test_a_secret_that_an_operator_makes_under_another_name_is_missing_anywhere(tmp_path: Path) -> None:
    (problem,) = checked(SHOP + READER + maker(*MAKERS["its own"]).replace("name: codes", "name: code"), tmp_path)
    assert mistakes([problem])


def test_what_only_a_cluster_can_do_stands_in_the_way_here_and_is_no_mistake(tmp_path: Path) -> None:
    problems = checked(SHOP.replace("{number: 8080, name", "{number: 80, name"), tmp_path)
    assert len(errors(problems)) == 1
    assert not mistakes(problems)
