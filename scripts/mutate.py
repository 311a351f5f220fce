"""Changes the local mesh's translation in small ways and looks whether its tests notice: `mutate.py [SAMPLE [SEED]]`.

A random sample of all the changes that mutmut knows to make in the modules that translate and check, each tried with
the fast tests that reach it; mesh/local/pyproject.toml says which modules and tests. What survives is printed.
"""

from __future__ import annotations

import os
import random
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MESH = ROOT / "mesh/local"
MUTMUT = ROOT / ".souk/mutation-venv/bin/mutmut"
SAMPLE, SEED, FLOOR = 500, 1, 0.85
KILLED = frozenset({"killed", "timeout", "segfault"})
# Any will do: what there is to choose from is known only after a run.
FIRST = "souk_mesh.xds.view.x_cluster_name__mutmut_1"


def main(arguments: Sequence[str]) -> int:
    """Prints the score and the survivors; the exit code says whether enough were killed."""
    size, seed = (*map(int, arguments), *(SAMPLE, SEED)[len(arguments) :])
    shutil.rmtree(MESH / "mutants", ignore_errors=True)
    _mutmut("run", FIRST)
    known = sorted(_results())
    chosen = random.Random(seed).sample(known, min(size, len(known)))
    _mutmut("run", *chosen)
    found = _results()
    survivors = {name: found[name] for name in chosen if found[name] not in KILLED}
    for name, status in survivors.items():
        print(f"\n{status}: {_mutmut('show', name).strip()}")
    share = 1 - len(survivors) / len(chosen)
    print(f"\n{len(chosen)} of {len(known)} mutants (seed {seed}): {share:.1%} killed, {len(survivors)} survived")
    return 0 if share >= FLOOR else 1


def _results() -> Mapping[str, str]:
    """What became of each mutant."""
    lines = (line.strip() for line in _mutmut("results", "--all", "true").splitlines())
    return {name: status for name, _, status in (line.partition(": ") for line in lines) if status}


def _mutmut(*arguments: str) -> str:
    # A test that is imported beside others looks for Envoy, though none is started.
    environment = {**os.environ, "SOUK_VENV": str(ROOT / ".souk/venv")}
    command = [str(MUTMUT), *arguments]
    done = subprocess.run(command, cwd=MESH, env=environment, check=False, capture_output=True, text=True)
    if done.returncode:
        said = f"{done.stdout}{done.stderr}"[-3000:]
        raise SystemExit(f"{said}\nerror: `mutmut {arguments[0]}` failed; do the tests pass?")
    return done.stdout


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
