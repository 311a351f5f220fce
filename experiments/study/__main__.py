"""Runs the study and writes what it found: `python -m study` in `experiments/`; with `--tell`, only tells it anew."""

from __future__ import annotations

import sys
from pathlib import Path

from study import document, figures, results, run

DOCS = Path(__file__).parents[2] / "docs"
FOLDER = DOCS / "canary-study"
RESULTS = FOLDER / "results.json"


def main() -> None:
    """Simulates, then writes."""
    FOLDER.mkdir(exist_ok=True)
    if sys.argv[1:] != ["--tell"]:
        for said in run.everything():
            if isinstance(said, str):
                print(said, flush=True)
            else:
                results.write(said, RESULTS)
    found = results.read(RESULTS)
    figures.draw(found, FOLDER)
    (DOCS / "canary-study.md").write_text(document.text(found))


if __name__ == "__main__":
    main()
