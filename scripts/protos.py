"""Generates what is derived from `protos/`: stubs, the includes that buf lints against, descriptor set and OpenAPI.

Stubs and includes are not committed. Descriptor set and OpenAPI are, because deployments read them from git; `--check`
tells whether they are current.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import google.api
import grpc_tools
from grpc_tools import protoc

ROOT = Path(__file__).resolve().parent.parent
PROTOS = ROOT / "protos"
GENERATED = PROTOS / "gen"
INCLUDE = ROOT / ".souk" / "include"
GATEWAY = ROOT / "services" / "gateway" / "src"
DESCRIPTOR_SET = GATEWAY / "souk_gateway" / "descriptors.binpb"
OPENAPI = GATEWAY / "souk_gateway" / "openapi.json"
WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
GOOGLEAPIS = Path(google.api.__path__[0]).parent

# Details of errors: where the gateway doesn't know a detail's type, a REST client gets an empty body.
ERROR_DETAILS = "google/rpc/error_details.proto"


def main() -> int:
    """Generates everything, or compares the committed descriptor set with the protos; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--check", action="store_true", help="only tell whether what is committed is current")
    parser.add_argument("--lint", action="store_true", help="only tell what the gateway can't serve well")
    parser.add_argument("--stubs", action="store_true", help="only what is not committed")
    arguments = parser.parse_args()
    collect_includes()
    if arguments.lint:
        return lint()
    if arguments.check:
        return drift(committed())
    generate_stubs()
    if not arguments.stubs:
        for path, content in committed().items():
            replace(path, content)
    return 0


def collect_includes() -> None:
    """Gathers the protos that ours import from the packages that publish them."""
    for package in ("api", "rpc", "type"):
        for proto in sorted((GOOGLEAPIS / package).glob("*.proto")):
            copy(proto, INCLUDE / "google" / package / proto.name)
    copy(protovalidate() / "buf/validate/validate.proto", INCLUDE / "buf/validate/validate.proto")


def protovalidate() -> Path:
    """The folder of protovalidate's protos, in Go's module cache; `make env` has downloaded and verified it."""
    query = ["go", "list", "-m", "-f", "{{.Dir}}", "github.com/bufbuild/protovalidate"]
    module = subprocess.run(query, cwd=ROOT / "tools", check=True, capture_output=True, text=True).stdout.strip()
    return Path(module) / "proto" / "protovalidate"


def copy(source: Path, target: Path) -> None:
    """Copies a file whose folder may not exist, without the read-only mode that Go's module cache gives."""
    target.parent.mkdir(parents=True, exist_ok=True)
    if not target.exists() or target.read_bytes() != source.read_bytes():
        target.write_bytes(source.read_bytes())


def our_protos() -> list[str]:
    """Every proto of this repository, by its import path."""
    return sorted(str(path.relative_to(PROTOS)) for path in (PROTOS / "souk").rglob("*.proto"))


def generate_stubs() -> None:
    """Writes messages, stubs and their types, and takes away those whose proto is gone."""
    with tempfile.TemporaryDirectory(dir=PROTOS) as folder:
        compile_protos(
            [*our_protos(), "buf/validate/validate.proto"],
            f"--python_out={folder}",
            f"--pyi_out={folder}",
        )
        compile_protos(our_protos(), f"--grpc_python_out={folder}", f"--mypy_grpc_out={folder}")
        for package in [path.parent for path in Path(folder).rglob("*_pb2.py")]:
            (package / "py.typed").touch()
        shutil.rmtree(GENERATED, ignore_errors=True)
        shutil.copytree(folder, GENERATED)


def replace(path: Path, content: bytes) -> None:
    """Writes a file at once: half a descriptor set would be refused by a gateway that runs."""
    new = path.with_suffix(".new")
    new.write_bytes(content)
    new.replace(path)


def committed() -> dict[Path, bytes]:
    """What the gateway is built with, and git keeps."""
    return {OPENAPI: openapi(), DESCRIPTOR_SET: descriptor_set()}  # a gateway that runs looks at the latter


def descriptor_set(*options: str) -> bytes:
    """Our protos and all that they import; the gateway routes by it and answers reflection from it."""
    with tempfile.NamedTemporaryFile(suffix=".binpb") as file:
        output = (f"--descriptor_set_out={file.name}", "--include_imports", *options)
        compile_protos([*our_protos(), ERROR_DETAILS], *output)
        return Path(file.name).read_bytes()


def openapi() -> bytes:
    """The gateway's own description of the REST API; it takes its words from the protos' comments."""
    with described() as file:
        command = [sys.executable, "-m", "souk_gateway", "openapi", file]
        return subprocess.run(command, env={"PYTHONPATH": str(GATEWAY)}, check=True, capture_output=True).stdout


def lint() -> int:
    """Has the gateway say what it can't serve well, with files and lines; returns the exit code."""
    with described() as file:
        command = [sys.executable, "-m", "souk_gateway", "lint", "--folder", f"{PROTOS.name}/", file]
        return subprocess.run(command, env={"PYTHONPATH": str(GATEWAY)}, check=False).returncode


@contextmanager
def described() -> Iterator[str]:
    """A file with the descriptor set, its comments and its lines."""
    with tempfile.NamedTemporaryFile(suffix=".binpb") as file:
        file.write(descriptor_set("--include_source_info"))
        file.flush()
        yield file.name


def compile_protos(protos: list[str], *outputs: str) -> None:
    """Runs protoc.

    Raises:
        SystemExit: protoc refused; it has said why.
    """
    includes = [f"-I{folder}" for folder in (PROTOS, INCLUDE, WELL_KNOWN)]
    if code := protoc.main(["protoc", *includes, *outputs, *protos]):
        raise SystemExit(code)


def drift(current: dict[Path, bytes]) -> int:
    """Compares what the protos say now with what is committed; returns the exit code."""
    stale = [path for path, content in current.items() if not path.exists() or path.read_bytes() != content]
    for path in stale:
        print(f"error: {path.relative_to(ROOT)} is not what the protos say\n  run `make protos` and commit it")
    return 1 if stale else 0


if __name__ == "__main__":
    raise SystemExit(main())
