"""Refuses a change of the protos that would break those who use them.

Compared with the last release of any service, the newest tag `<service>/v…` or `v…`; before the first one, with the
point where this branch left main.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import tarfile
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
INCLUDE = Path(".souk/include")


def main() -> int:
    """Compares the protos of a checkout with those of its baseline; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to judge")
    root: Path = parser.parse_args().root
    against = baseline(root)
    with tempfile.TemporaryDirectory() as folder:
        old, new = Path(folder, "old"), Path(folder, "new")
        unpack(root, against, old)
        shutil.copytree(root / "protos/souk", new / "protos/souk")
        for tree in (old, new):
            shutil.copy(ROOT / "buf.yaml", tree / "buf.yaml")
            shutil.copytree(ROOT / INCLUDE, tree / INCLUDE)
        done = subprocess.run(["buf", "breaking", ".", "--against", str(old)], cwd=new, check=False)
    if done.returncode:
        print(f"error: the protos break what they promised at {against}")
        print("  add a field or an RPC instead of changing one, or begin a package v2 beside this one")
    return int(done.returncode != 0)


def baseline(root: Path) -> str:
    """The commit whose promises are to be kept."""
    if tag := git(root, "describe", "--tags", "--abbrev=0", "--match", "v*", "--match", "*/v*"):
        return tag
    return git(root, "merge-base", "HEAD", "origin/main") or "HEAD"


def git(root: Path, *arguments: str) -> str:
    """What git answers, or nothing where it finds nothing."""
    done = subprocess.run(["git", *arguments], cwd=root, check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


def unpack(root: Path, commit: str, target: Path) -> None:
    """Writes the protos of a commit into a folder."""
    archive = subprocess.run(
        ["git", "archive", commit, "protos/souk"], cwd=root, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=io.BytesIO(archive)) as tar:
        tar.extractall(target, filter="data")


if __name__ == "__main__":
    raise SystemExit(main())
