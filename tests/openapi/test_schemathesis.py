"""Schemathesis, with all its checks, sends what the document allows and what it forbids, and finds nothing to say."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

from tests.homes import Home
from tests.mesh import ROOT

FULL = os.environ.get("TORTURE") == "full"
# Each operation gets this many requests in each phase that makes them up, besides those for each keyword of a schema.
EXAMPLES = 400 if FULL else 15
# Of the wait that its home is given: 45 s on a local mesh, or an hour.
PATIENCES = 30 if FULL else 0.375
# So many it must be at the least, or it has not looked.
REQUESTS = 10_000 if FULL else 500
CONFIG = ROOT / "tests/openapi/schemathesis.toml"


def test_nothing_is_found_that_the_document_does_not_say(home: Home, tmp_path: Path) -> None:
    report, seconds = tmp_path / "report.json", int(home.patience * PATIENCES)
    command = [
        *(str(Path(sys.executable).with_name("schemathesis")), "--config-file", str(CONFIG), "run"),
        *(f"http://{home.address}/openapi.json", "--checks", "all", "--seed", "1"),
        *("--max-examples", str(EXAMPLES), "--max-time", str(seconds), "--generation-database", "none", "--no-color"),
        *("--report", "json", "--report-json-path", str(report)),
    ]

    done = subprocess.run(
        command, cwd=ROOT, check=False, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, timeout=seconds * 2
    )

    assert done.returncode == 0, done.stdout
    said = json.loads(report.read_text())
    print(f"{said['test_cases']['generated']} requests in {said['running_time']:.0f} s")
    assert (said["failures"], said["errors"]) == ([], [])
    assert said["test_cases"]["generated"] >= REQUESTS
    assert said["operations"]["tested"] == said["operations"]["total"]
