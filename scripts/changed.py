"""Says which services' images a change concerns: `scripts/changed.py COMMIT` prints their names, as JSON.

What an image is made of is derived: its folder, with its lock; the chassis and the protos if the service depends on
them, the latter only as far as its code imports them; and how all images are built. Tests and pages are in no image.
"""

from __future__ import annotations

import argparse
import json
import re
import subprocess
import tomllib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

ROOT = Path(__file__).resolve().parent.parent
OF_ALL = ("services/Dockerfile", ".dockerignore", "scripts/requirements.lock", "pyproject.toml")
OF_PROTOS = ("protos/pyproject.toml", "scripts/protos.py")
IMPORT = re.compile(r"^\s*(?:from|import) souk\.([a-z]+)\.", re.MULTILINE)
PROTO_IMPORT = re.compile(r'^import (?:public )?"souk/([a-z]+)/', re.MULTILINE)


def main() -> int:
    """Prints the services that changed since a commit."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commit", help="what is compared with")
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to look at")
    arguments = parser.parse_args()
    print(json.dumps(changed(arguments.root, files_since(arguments.root, arguments.commit))))
    return 0


def files_since(root: Path, commit: str) -> Sequence[str]:
    """The files that differ between a commit and the working tree."""
    command = ["git", "diff", "--name-only", "--no-renames", commit]
    return subprocess.run(command, cwd=root, capture_output=True, text=True, check=True).stdout.splitlines()


def changed(root: Path, files: Sequence[str]) -> Sequence[str]:
    """The services whose images are made of any of these files."""
    services = sorted(path.parent.name for path in root.glob("services/*/pyproject.toml"))
    return [name for name in services if any(concerns(file, tuple(paths(root, name))) for file in files)]


def paths(root: Path, service: str) -> Iterator[str]:
    """What the image of a service is made of: files, and folders with a slash at the end."""
    yield from (*OF_ALL, f"services/{service}/")
    project = tomllib.loads((root / f"services/{service}/pyproject.toml").read_text())["project"]
    if "souk-chassis" in project["dependencies"]:
        yield from ("chassis/src/", "chassis/pyproject.toml")
    if "souk-protos" in project["dependencies"]:
        yield from OF_PROTOS
        yield from (f"protos/souk/{context}/" for context in sorted(contexts(root, service)))


def contexts(root: Path, service: str) -> set[str]:
    """The packages of protos that a service's code imports, and those which these import."""
    code = [path.read_text() for path in (root / "services" / service / "src").rglob("*.py")]
    found: set[str] = set()
    new = {context for text in code for context in IMPORT.findall(text)}
    while new:
        found |= new
        protos = [path.read_text() for context in new for path in (root / "protos/souk" / context).rglob("*.proto")]
        new = {context for text in protos for context in PROTO_IMPORT.findall(text)} - found
    return found


def concerns(file: str, made_of: tuple[str, ...]) -> bool:
    """Whether a file is one of those, and in an image at all."""
    path = PurePosixPath(file)
    if "tests" in path.parts or path.suffix == ".md":
        return False
    return any(file == part or (part.endswith("/") and file.startswith(part)) for part in made_of)


if __name__ == "__main__":
    raise SystemExit(main())
