"""Builds everything that may be deployed: `scripts/manifests.py FOLDER` writes a file for each overlay and combination.

The overlays are folders; the combinations of components are the rows of a table in deploy/kustomize/README.md.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
KUSTOMIZE = ROOT / ".souk/bin/kustomize"
DEPLOY = ROOT / "deploy/kustomize"
ROW = re.compile(r"^\| (?P<purpose>[^|]+) \| (?P<components>`[^|]+`) \|$", re.MULTILINE)


class Unbuildable(Exception):
    """What kustomize said, or warned of."""


@dataclass(frozen=True)
class Combination:
    """Components that the documentation names together, in their order."""

    purpose: str
    components: Sequence[str]

    @property
    def name(self) -> str:
        """The purpose, as the name of a file."""
        return re.sub(r"\W+", "-", self.purpose.lower())


def overlays() -> Sequence[str]:
    """The names of the overlays."""
    return sorted(path.parent.name for path in DEPLOY.glob("overlays/*/kustomization.yaml"))


def components() -> Mapping[str, Path]:
    """The folders of all components, by name."""
    folders = [*DEPLOY.glob("components/*/kustomization.yaml"), *ROOT.glob("mesh/istio/*/kustomization.yaml")]
    return {path.parent.name: path.parent for path in folders}


def combinations() -> Sequence[Combination]:
    """Those that the documentation names."""
    _, _, section = (DEPLOY / "README.md").read_text().partition("## Combinations")
    return [Combination(row["purpose"], re.findall("`([^`]+)`", row["components"])) for row in ROW.finditer(section)]


def overlay(name: str) -> str:
    """What an overlay brings.

    Raises:
        Unbuildable: kustomize refused it, or warned.
    """
    return build(DEPLOY / "overlays" / name)


def combined(combination: Combination) -> str:
    """What the base brings with these components.

    Raises:
        Unbuildable: kustomize refused it, or warned.
    """
    known = components()
    if unknown := [each for each in combination.components if each not in known]:
        raise Unbuildable(f"deploy/kustomize/README.md names a component that is not there: {', '.join(unknown)}")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name).resolve()
        kustomization = {
            "namespace": "souk",
            "resources": [os.path.relpath(DEPLOY / "base", folder)],
            "components": [os.path.relpath(known[each], folder) for each in combination.components],
        }
        (folder / "kustomization.yaml").write_text(yaml.safe_dump(kustomization))
        return build(folder)


def build(folder: Path) -> str:
    """What kustomize makes of a folder, with its load restrictor on.

    Raises:
        Unbuildable: it refused it, or warned.
    """
    done = subprocess.run([KUSTOMIZE, "build", folder], capture_output=True, text=True, timeout=60, check=False)
    if done.returncode or done.stderr:
        raise Unbuildable(f"kustomize build {folder}:\n{done.stderr}")
    return done.stdout


def main(folder: Path) -> None:
    """Builds everything."""
    for name in overlays():
        (folder / f"{name}.yaml").write_text(overlay(name))
    for each in combinations():
        (folder / f"{each.name}.yaml").write_text(combined(each))


if __name__ == "__main__":
    try:
        main(Path(sys.argv[1]))
    except Unbuildable as error:
        raise SystemExit(f"error: {error}") from error
