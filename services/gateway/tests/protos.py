"""Compiles protos that a test has written."""

from __future__ import annotations

from pathlib import Path

import google.api
import grpc_tools
from grpc_tools import protoc
from souk_gateway.descriptors import ERROR_DETAILS, Api, load

INCLUDES = (Path(grpc_tools.__file__).parent / "_proto", Path(google.api.__path__[0]).parents[1])
ROOT = Path(__file__).resolve().parents[3]
OURS = (ROOT / "protos", ROOT / ".souk/include")


def compiled(folder: Path, text: str) -> Api:
    """One proto of the test's own with all that it imports, ours too, and with its comments."""
    (folder / "lab.proto").write_text(text)
    output = folder / "set.binpb"
    includes = [f"-I{one}" for one in (folder, *OURS, INCLUDES[0])]
    options = ["--include_imports", "--include_source_info", f"--descriptor_set_out={output}"]
    assert protoc.main(["protoc", *includes, *options, "lab.proto", ERROR_DETAILS]) == 0
    return load(output)
