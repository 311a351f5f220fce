"""Builds the services' images: `scripts/images` all of them, `scripts/images payment` one.

Which images there are, and under which tags, is read from the manifests of overlays/dev, so that what is built is
what is deployed. Builds with docker, podman or buildah, or with the command in IMAGE_BUILDER, which must take
`--file FILE --tag NAME --build-arg NAME=VALUE --label NAME=VALUE FOLDER`.
"""

from __future__ import annotations

import argparse
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OVERLAY = "deploy/kustomize/overlays/dev"
IMAGE = re.compile(r"^\s*(?:- )?image: (souk/([a-z-]+):([\w.-]+))$", re.MULTILINE)
# Each with a question that it answers only if it could build.
BUILDERS = (
    (("docker", "build"), ("docker", "info")),
    (("podman", "build"), ("podman", "info")),
    (("buildah", "build"), ("buildah", "info")),
)


@dataclass(frozen=True, order=True)
class Image:
    """An image that the manifests name."""

    service: str
    tag: str
    name: str

    @property
    def dockerfile(self) -> Path:
        """The service's own Dockerfile if it has one, else the one for services in Python."""
        own = ROOT / "services" / self.service / "Dockerfile"
        return own if own.exists() else ROOT / "services/Dockerfile"


class Unbuildable(Exception):
    """What stands in the way, and what to do about it."""


def main() -> int:
    """Builds what was asked for; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/images", description=__doc__)
    parser.add_argument("service", nargs="?", help="the only one to build")
    wanted = parser.parse_args().service
    try:
        images = chosen(named(manifests()), wanted)
        command = builder()
        for image in images:
            print(f"· {image.name}", flush=True)
            build(command, image)
    except Unbuildable as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    return 0


def manifests() -> str:
    """The overlay as it is applied to a cluster.

    Raises:
        Unbuildable: the overlay doesn't build, or the environment isn't made yet.
    """
    kustomize = ROOT / ".souk/bin/kustomize"
    if not kustomize.exists() or not (ROOT / "protos/gen/souk").exists():
        raise Unbuildable("the stubs and tools are missing\n  `make env` makes them")
    done = subprocess.run([kustomize, "build", OVERLAY], cwd=ROOT, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Unbuildable(f"{OVERLAY} doesn't build:\n{done.stderr}")
    return done.stdout


def named(text: str) -> list[Image]:
    """Every image of ours that the manifests name, once."""
    return sorted({Image(service, tag, name) for name, service, tag in IMAGE.findall(text)})


def chosen(images: Sequence[Image], service: str | None) -> Sequence[Image]:
    """All images, or those of one service.

    Raises:
        Unbuildable: no such service is deployed.
    """
    if service is None:
        return images
    of_service = [image for image in images if image.service == service]
    if not of_service:
        known = ", ".join(sorted({image.service for image in images}))
        raise Unbuildable(f"{OVERLAY} names no image of {service!r}\n  it names: {known}")
    return of_service


def builder() -> Sequence[str]:
    """The command that builds.

    Raises:
        Unbuildable: there is none.
    """
    if given := os.environ.get("IMAGE_BUILDER"):
        return shlex.split(given)
    for command, question in BUILDERS:
        if shutil.which(command[0]) and answers(question):
            return command
    tried = ", ".join(command[0] for command, _ in BUILDERS)
    raise Unbuildable(f"nothing here builds images (tried: {tried})\n  install one, or name a command in IMAGE_BUILDER")


def answers(question: Sequence[str]) -> bool:
    """Whether a builder works here: docker without its daemon does not."""
    return not subprocess.run(question, capture_output=True, check=False).returncode


def revision() -> str:
    """The commit that is built; with `-modified` if the working tree is not just that."""
    commit, changed = git("rev-parse", "HEAD"), git("status", "--porcelain")
    return f"{commit or 'unknown'}-modified" if changed else commit or "unknown"


def source() -> str:
    """Where the source is to be had, as the project says of itself."""
    return str(tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["urls"]["source"])


def git(*arguments: str) -> str:
    """What git answers, or nothing where there is no repository."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, text=True, check=False)
    return done.stdout.strip()


def build(command: Sequence[str], image: Image) -> None:
    """Builds one image from the root of the repository.

    Raises:
        Unbuildable: the builder failed; what it said has been printed.
    """
    options: Iterable[str] = (
        *("--file", str(image.dockerfile.relative_to(ROOT))),
        *("--build-arg", f"SERVICE={image.service}"),
        *("--build-arg", f"VERSION={image.tag}"),
        # Not as arguments: to older buildahs (1.28) a LABEL is the same whatever its arguments are, and what the cache
        # gives is of another version or commit. A label given here ends the cache, and the arguments are heeded, too.
        *("--label", f"org.opencontainers.image.version={image.tag}"),
        *("--label", f"org.opencontainers.image.revision={revision()}"),
        *("--label", f"org.opencontainers.image.source={source()}"),
        *("--tag", image.name),
    )
    if subprocess.run([*command, *options, "."], cwd=ROOT, check=False).returncode:
        raise Unbuildable(f"{image.name} was not built: `{' '.join(command)}` failed\n  its last lines say why")


if __name__ == "__main__":
    raise SystemExit(main())
