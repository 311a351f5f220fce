"""Says how large images are in a registry, layer by layer, and refuses those of more than 120 MB.

Reads what `docker save`, `podman save` or `buildah push IMAGE docker-archive:FILE` wrote. A registry keeps each layer
compressed by gzip, and a node that has a layer already doesn't fetch it again.
"""

from __future__ import annotations

import argparse
import json
import sys
import tarfile
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import IO

LIMIT = 120_000_000
CHUNK = 1 << 20
GZIP = 16 + zlib.MAX_WBITS
# As tightly as builders do, to within 2 %: theirs is the gzip of Go, whose usual level packs less than that of zlib.
LEVEL = 3


def main() -> int:
    """Measures what is named; returns the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/image-size", description=__doc__)
    parser.add_argument("archives", nargs="+", type=Path)
    code = 0
    for archive in parser.parse_args().archives:
        layers = compressed(archive)
        print(f"{archive.name}: {megabytes(sum(layers))} in layers of {', '.join(map(megabytes, layers))}")
        if sum(layers) > LIMIT:
            print(f"error: {archive.name} is larger than {megabytes(LIMIT)}", file=sys.stderr)
            print("  `docker history IMAGE` says which step brought it", file=sys.stderr)
            code = 1
    return code


def compressed(archive: Path) -> Sequence[int]:
    """The bytes of each layer of an image as a registry keeps it."""
    with tarfile.open(archive) as saved:
        (image,) = json.load(_member(saved, "manifest.json"))
        return [_compressed(saved, layer) for layer in image["Layers"]]


def megabytes(count: int) -> str:
    """As registries count them, in powers of ten."""
    return f"{count / 1e6:.1f} MB"


def _compressed(saved: tarfile.TarFile, layer: str) -> int:
    compressor = zlib.compressobj(LEVEL, wbits=GZIP)
    content = _member(saved, layer)
    size = 0
    while chunk := content.read(CHUNK):
        size += len(compressor.compress(chunk))
    return size + len(compressor.flush())


def _member(saved: tarfile.TarFile, name: str) -> IO[bytes]:
    member = saved.extractfile(name)
    if member is None:
        msg = f"{name} is no file"
        raise tarfile.ReadError(msg)
    return member


if __name__ == "__main__":
    raise SystemExit(main())
