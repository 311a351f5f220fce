"""The conformance suite of the Connect project runs against the gateway, as a server of gRPC and of gRPC-Web.

It is the one suite for these protocols that no gateway's own makers keep: it drives a client that sends what good and
bad clients send, byte by byte where need be.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import grpc_tools
import pytest

HERE = Path(__file__).parent
ROOT = HERE.parents[3]
MODULE = "connectrpc.com/conformance"


@pytest.fixture(scope="module")
def built() -> Path:
    """The folder of the suite's programs."""
    folder = ROOT / ".souk" / "conformance"
    subprocess.run(["go", "build", "-o", f"{folder}/", "tool"], cwd=HERE, check=True)
    return folder


@pytest.fixture(scope="module")
def descriptors(built: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The suite's protos."""
    query = ["go", "list", "-m", "-f", "{{.Dir}}", MODULE]
    module = subprocess.run(query, cwd=HERE, check=True, capture_output=True, text=True).stdout.strip()
    output = tmp_path_factory.mktemp("conformance") / "descriptors.binpb"
    protos = [f"connectrpc/conformance/v1/{name}.proto" for name in ("service", "server_compat")]
    folders = (Path(module) / "proto", ROOT / ".souk/include", Path(grpc_tools.__file__).parent / "_proto")
    command = [sys.executable, "-m", "grpc_tools.protoc", *(f"-I{folder}" for folder in folders)]
    details = ["google/rpc/error_details.proto", "google/rpc/status.proto"]
    command += ["--include_imports", f"--descriptor_set_out={output}", *protos, *details]
    subprocess.run(command, check=True)
    return output


def test_all_of_the_suite_passes_but_what_is_listed_with_its_reason(built: Path, descriptors: Path) -> None:
    # One gateway after the other: it gives each ten seconds to start.
    suite = [str(built / "connectconformance"), "--mode", "server", "--max-servers", "1", "--conf", "config.yaml"]
    under_test = [sys.executable, str(HERE / "under_test.py"), str(built / "grpcserver"), str(descriptors)]
    lists = ["--known-failing", "@known-failing.txt", "--known-flaky", "@known-flaky.txt"]
    command = [*suite, *lists, "--", *under_test]
    ran = subprocess.run(
        command, cwd=HERE, env=dict(os.environ), capture_output=True, text=True, timeout=120, check=False
    )
    told = f"{ran.stdout}\n{ran.stderr}"
    assert ran.returncode == 0, told[-4000:]
    passed = re.search(r"^(\d+) passed, 0 failed$", told, re.MULTILINE)
    assert passed is not None, told[-4000:]
    assert int(passed[1]) > 690  # else it has left out what config.yaml asks for
    late = re.findall(r"^INFO: Timeouts/.* failed", told, re.MULTILINE)
    assert len(late) < 9  # of 36; 13 when the gateway ends calls itself
