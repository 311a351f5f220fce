"""Releases one service, by the lines that say which version it is and where its image lies; docs/delivery.md.

`prepare SERVICE VERSION` raises the service's version in its project and in the manifests of the base.
`record SERVICE VERSION IMAGE@DIGEST` notes what the registry holds of it, for dev and prod.
`promote COMMIT` lets production follow that commit of main.
`version SERVICE` prints the service's version.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parent.parent
RELEASED = "deploy/kustomize/components/released/kustomization.yaml"
PRODUCTION = "deploy/argocd/environments/prod.yaml"
VERSION = re.compile(r"\d+\.\d+\.\d+")
DIGEST = re.compile(r"([a-z0-9.:/_-]+)@(sha256:[0-9a-f]{64})")
COMMIT = re.compile(r"[0-9a-f]{40}")
REVISION = re.compile(r"^( *targetRevision: )(\S+)( #.*)?$", re.MULTILINE)


class Refused(Exception):
    """What is wrong with what was asked for, and what to do."""


@dataclass(frozen=True, order=True)
class Released:
    """The image of one version of a service, as a registry holds it."""

    image: str
    """As the manifests of the base name it: `souk/order:1.2.0`."""
    name: str
    digest: str

    def entry(self) -> Mapping[str, str]:
        """What kustomize is told: only an image of just this version becomes just this digest."""
        return {"name": self.image, "newName": self.name, "newTag": tag_of(self.image), "digest": self.digest}


def main() -> int:
    """Does what the arguments say; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/release", description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to change")
    commands = parser.add_subparsers(dest="command", required=True)
    for command, names in (
        ("prepare", ("service", "version")),
        ("record", ("service", "version", "image")),
        ("promote", ("commit",)),
        ("version", ("service",)),
    ):
        added = commands.add_parser(command)
        for name in names:
            added.add_argument(name)
    arguments = parser.parse_args()
    root: Path = arguments.root
    try:
        match arguments.command:
            case "prepare":
                prepare(root, arguments.service, arguments.version)
            case "record":
                record(root, arguments.service, arguments.version, arguments.image)
            case "promote":
                promote(root, arguments.commit)
            case "version":
                print(version_of(root, arguments.service))
    except Refused as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def prepare(root: Path, service: str, version: str) -> None:
    """Raises a service's version, in every line that says it.

    Raises:
        Refused: there is no such service, or the version is not above its version.
    """
    before = version_of(root, service)
    if not VERSION.fullmatch(version) or number(version) <= number(before):
        raise Refused(f"{version!r} is not above {before}, the version of {service}\n  give three numbers, as in 1.2.0")
    replace(project_of(root, service), f'version = "{before}"', f'version = "{version}"')
    for path in sorted((root / "deploy/kustomize/base" / service).glob("*.yaml")):
        for line in (f"image: souk/{service}:{{}}\n", "app.kubernetes.io/version: {}\n"):
            replace(path, line.format(before), line.format(version))


def record(root: Path, service: str, version: str, image: str) -> None:
    """Notes what the registry holds of a version, and forgets versions that the base no longer names.

    Raises:
        Refused: the image has no digest, or the base doesn't name the version.
    """
    found = DIGEST.fullmatch(image)
    if not found:
        raise Refused(f"{image!r} is no image with a digest\n  give name@sha256:… as the registry told it")
    wanted = f"souk/{service}:{version}"
    named = set(images_of_the_base(root))
    if wanted not in named:
        raise Refused(f"the base names no {wanted}\n  `scripts/release prepare {service} {version}` comes first")
    new = Released(wanted, found[1], found[2])
    kept = {each.image: each for each in read(root) if each.image in named} | {wanted: new}
    path = root / RELEASED
    head, _, _ = path.read_text().partition("images:")
    entries = yaml.safe_dump({"images": [each.entry() for each in sorted(kept.values())]}, sort_keys=False)
    path.write_text(head + entries)


def promote(root: Path, commit: str) -> None:
    """Lets production follow a commit.

    Raises:
        Refused: it is not a whole commit id.
    """
    if not COMMIT.fullmatch(commit):
        raise Refused(f"{commit!r} is not a whole commit id\n  a branch would move under production's feet")
    path = root / PRODUCTION
    changed, times = REVISION.subn(rf"\g<1>{commit}", path.read_text())
    if times != 1:
        raise Refused(f"{PRODUCTION} names {times} revisions, not one")
    path.write_text(changed)


def version_of(root: Path, service: str) -> str:
    """A service's version, as its project says.

    Raises:
        Refused: there is no such service.
    """
    project = project_of(root, service)
    if not project.exists():
        known = ", ".join(sorted(path.parent.name for path in root.glob("services/*/pyproject.toml")))
        raise Refused(f"there is no service {service!r}\n  there are: {known}")
    return str(tomllib.loads(project.read_text())["project"]["version"])


def project_of(root: Path, service: str) -> Path:
    """The file that says what a service is."""
    return root / "services" / service / "pyproject.toml"


def read(root: Path) -> Iterator[Released]:
    """What was recorded so far."""
    for entry in yaml.safe_load((root / RELEASED).read_text())["images"]:
        yield Released(entry["name"], entry["newName"], entry["digest"])


def images_of_the_base(root: Path) -> Iterator[str]:
    """Every image of ours that the base names."""
    for path in root.glob("deploy/kustomize/base/*/*.yaml"):
        yield from re.findall(r"image: (souk/[a-z-]+:\d+\.\d+\.\d+)$", path.read_text(), re.MULTILINE)


def replace(path: Path, old: str, new: str) -> None:
    """Replaces a text wherever it stands in a file."""
    path.write_text(path.read_text().replace(old, new))


def tag_of(image: str) -> str:
    """What comes after the colon."""
    return image.rpartition(":")[2]


def number(version: str) -> tuple[int, ...]:
    """A version by which it can be compared."""
    return tuple(map(int, version.split(".")))


if __name__ == "__main__":
    raise SystemExit(main())
