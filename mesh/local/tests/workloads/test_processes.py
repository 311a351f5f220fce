"""Children, with real processes."""

from __future__ import annotations

import asyncio
import signal
import subprocess
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

import pytest

from souk_mesh.workloads.ledger import Ledger, members, process_stat
from souk_mesh.workloads.processes import CannotStart, Child, Command, bound, start, tail

IGNORES_SIGTERM = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', flush=True); time.sleep(60)"
)
LEAVES_A_CHILD = "import subprocess, sys; print(subprocess.Popen(['sleep', '60']).pid, flush=True); sys.exit(0)"


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger(tmp_path / "children")


def python(tmp_path: Path, code: str) -> Command:
    return Command("test/python", (sys.executable, "-c", code), {"WORD": "hello"}, tmp_path, tmp_path / "log")


async def until(condition: Callable[[], object]) -> None:
    async with asyncio.timeout(5):
        while not condition():
            await asyncio.sleep(0.01)


def run(story: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_child_has_only_the_environment_that_it_is_given_and_its_output_is_in_its_log(
    tmp_path: Path, ledger: Ledger
) -> None:
    async def story() -> None:
        child = start(python(tmp_path, "import os; print(sorted(os.environ))"), ledger)
        assert await child.exited() == 0

    run(story)
    assert tail(tmp_path / "log", 5) == ("['LC_CTYPE', 'WORD']",)


def test_a_program_that_does_not_exist_is_a_message(tmp_path: Path, ledger: Ledger) -> None:
    async def story() -> None:
        with pytest.raises(CannotStart, match="/nowhere: No such file"):
            start(Command("x", ("/nowhere",), {}, tmp_path, tmp_path / "log"), ledger)

    run(story)


def test_a_child_that_ignores_sigterm_is_killed_when_its_grace_is_over(tmp_path: Path, ledger: Ledger) -> None:
    async def story() -> None:
        child = start(python(tmp_path, IGNORES_SIGTERM), ledger)
        await until(lambda: tail(tmp_path / "log", 1))
        assert await child.stop(0.1) == -signal.SIGKILL

    run(story)


def test_what_a_child_started_ends_with_it(tmp_path: Path, ledger: Ledger) -> None:
    async def story() -> None:
        await start(python(tmp_path, LEAVES_A_CHILD), ledger).exited()
        grandchild = int(tail(tmp_path / "log", 1)[0])
        await until(lambda: (stat := process_stat(grandchild)) is None or stat.state in "ZX")

    run(story)


def test_the_ledger_notes_children_while_they_run(tmp_path: Path, ledger: Ledger) -> None:
    async def story() -> None:
        child: Child = start(python(tmp_path, "input()"), ledger)
        noted = ledger.entries()
        await child.exited()
        assert [entry.label for entry in noted] == ["test/python"]
        assert ledger.entries() == ()

    run(story)


def test_leftovers_are_ended_with_what_they_started(tmp_path: Path, ledger: Ledger) -> None:
    script = "import subprocess; print(subprocess.Popen(['sleep', '60']).pid, flush=True); input()"
    with subprocess.Popen(
        [sys.executable, "-c", script], stdin=subprocess.PIPE, stdout=subprocess.PIPE, start_new_session=True
    ) as leftover:
        assert leftover.stdout is not None
        grandchild = int(leftover.stdout.readline())
        ledger.add(leftover.pid, "catalog/app")
        entry = ledger.entries()[0]
        assert set(members(entry)) == {leftover.pid, grandchild}
        assert [each.label for each in ledger.end_leftovers()] == ["catalog/app"]
        leftover.wait(5)
    assert members(entry) == ()
    assert ledger.entries() == ()


def test_a_pid_that_now_belongs_to_somebody_else_is_left_alone(tmp_path: Path, ledger: Ledger) -> None:
    with subprocess.Popen(["sleep", "60"], start_new_session=True) as stranger:
        ledger.add(stranger.pid, "catalog/app")
        file = tmp_path / "children" / str(stranger.pid)
        file.write_text(file.read_text().replace('"started": ', '"started": 1'))
        assert ledger.end_leftovers() == ()
        assert stranger.poll() is None
        stranger.kill()


def test_a_log_that_has_grown_too_long_is_cut_under_its_writer(tmp_path: Path) -> None:
    log = tmp_path / "app.log"
    with log.open("ab", buffering=0) as writer:
        writer.write(b"old line\n" * 100)
        bound([log], limit=500)
        writer.write(b"new line\n")
    assert log.read_bytes() == b"new line\n"
    assert (tmp_path / "app.log.1").stat().st_size == 500


def test_a_tail_starts_where_it_is_told(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text("first run\nsecond run\nends\n")
    assert tail(log, 5, since=len("first run\n")) == ("second run", "ends")
    assert tail(log, 1) == ("ends",)
