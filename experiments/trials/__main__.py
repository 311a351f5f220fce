"""Runs what is missing of the series, and writes docs/canary-trials.md: `python -m trials [--runs N] [CASE…]`.

What has been run stays in `.souk/canary-trials/`: a series that was stopped goes on where it was.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping
from pathlib import Path

import yaml

from souk_canary import report
from trials.cases import CASES, Case
from trials.mesh import ROOT, Mesh, TrialFailed
from trials.table import page

FOLDER = ROOT / ".souk/canary-trials"
DEFINITION = ROOT / "experiments/definitions/payment.yaml"
PAGE = ROOT / "docs/canary-trials.md"


def main() -> None:
    """Runs the series."""
    arguments = argparse.ArgumentParser(prog="make canary-trials", description=__doc__)
    arguments.add_argument("cases", nargs="*", metavar="CASE", help=", ".join(case.name for case in CASES))
    arguments.add_argument("--runs", type=int, help="at most so many of each case")
    given = arguments.parse_args()
    chosen = [case for case in CASES if not given.cases or case.name in given.cases]
    mesh = Mesh(FOLDER)
    try:
        for case in chosen:
            _run(mesh, case, min(case.runs, given.runs or case.runs))
    finally:
        mesh.end()
    PAGE.write_text(page([(case, report.records(FOLDER / case.name)) for case in CASES]))
    print(PAGE.relative_to(ROOT))


def _run(mesh: Mesh, case: Case, runs: int) -> None:
    folder = FOLDER / case.name
    done = len(report.records(folder))
    if done >= runs:
        return
    mesh.show(case)
    for number in range(done, runs):
        if case.faults and number > done:
            mesh.renew()
        mesh.try_once(_definition(), folder)
        last = report.records(folder)[-1]
        print(f"{case.title}, {number + 1} of {runs}: {last.verdict.outcome.value}: {last.verdict.why}", flush=True)


def _definition() -> Path:
    """The demonstrations' own, but each run puts the weights back, so that the next finds them as this one did."""
    definition: Mapping[str, object] = yaml.safe_load(DEFINITION.read_text())
    load = definition["load"]
    assert isinstance(load, dict), "the trials need load"
    load = {**load, "requests": str((DEFINITION.parent / load["requests"]).resolve())}
    path = FOLDER / "definition.yaml"
    path.write_text(yaml.safe_dump({**definition, "load": load, "then": {"promote": "before", "roll_back": "before"}}))
    return path


if __name__ == "__main__":
    try:
        main()
    except TrialFailed as failure:
        sys.exit(f"error: {failure}")
