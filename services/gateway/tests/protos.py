"""Compiles protos that a test has written."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import grpc_tools
from grpc_tools import protoc
from souk_gateway.descriptors import ERROR_DETAILS, Api, load

WELL_KNOWN = Path(grpc_tools.__file__).parent / "_proto"
ROOT = Path(__file__).resolve().parents[3]
OURS = (ROOT / "protos", ROOT / ".souk/include")


def compiled(folder: Path, text: str) -> Api:
    """One proto of the test's own with all that it imports, ours too, and with its comments."""
    (folder / "lab.proto").write_text(text)
    return load(compile_all(folder, OURS, ["lab.proto"]))


def compile_all(folder: Path, others: Iterable[Path], protos: Iterable[str]) -> Path:
    """The descriptor set of protos in a folder, which may import from others; the set is put into that folder too."""
    output = folder / "set.binpb"
    includes = [f"-I{one}" for one in (folder, *others, WELL_KNOWN)]
    options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={output}"]
    assert protoc.main(["protoc", *includes, *options, *protos, ERROR_DETAILS]) == 0
    return output
