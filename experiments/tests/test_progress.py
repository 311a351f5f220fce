"""What somebody sees of a run: lines in a file, a picture that changes in a terminal."""

from __future__ import annotations

import io

import pytest
from rich.console import Console
from rich.live import Live

from souk_canary.cli.progress import Log, Onlooker
from tests.test_runs import World


def test_a_file_gets_a_line_for_each_change_and_each_window(capsys: pytest.CaptureFixture[str]) -> None:
    world = World({"v1": 0.0, "v2": 0.9})
    world.run(audience=Log("v1", "v2"))
    lines = [line.strip() for line in capsys.readouterr().out.splitlines()]
    assert lines[0] == "0.0 s  10 % of the requests to v2"
    assert lines[1] == "0.0 s  every proxy routes so"
    assert "v1 failed 0 of " in lines[2]
    assert "(rolls back at 200)" in lines[2]
    assert "ROLL BACK: " in lines[3]
    assert lines[4].endswith("v1=100 v2=0; every proxy routes so")


def test_a_terminal_shows_both_versions_the_evidence_and_the_step() -> None:
    drawn = io.StringIO()
    console = Console(file=drawn, force_terminal=True, width=100, highlight=False)
    with Live(console=console, auto_refresh=False) as live:
        World({"v1": 0.0, "v2": 0.3}).run(audience=Onlooker(live))
    shown = drawn.getvalue()
    assert "payment v2 against v1" in shown
    assert "step 1 of 2: 10 %, measuring" in shown
    assert "of 200" in shown
