"""One container over its restarts, with real processes."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Callable, Coroutine
from pathlib import Path

from souk_mesh.workloads.container import ContainerRunner, ContainerState, Phase
from souk_mesh.workloads.ledger import Ledger
from souk_mesh.workloads.plan import Check, ContainerPlan
from souk_mesh.workloads.probes import ExecProbe
from souk_mesh.workloads.processes import Command
from souk_mesh.workloads.readiness import Thresholds

QUICK = Thresholds(initial_delay=0, period=0.05, timeout=1, success=1, failure=2)
RUNS = "import time; print('up', flush=True); time.sleep(60)"


class Watched:
    """A container and all the states that it has been in."""

    def __init__(self, tmp_path: Path, code: str, before_stop: float | None = None, **checks: Check) -> None:
        self.states: list[ContainerState] = []
        command = Command("test/app", (sys.executable, "-c", code), {}, tmp_path, tmp_path / "app.log")
        plan = ContainerPlan("app", command, grace=2, before_stop=before_stop, **checks)  # type: ignore[arg-type]
        self._moved = asyncio.Event()
        self.runner = ContainerRunner(plan, Ledger(tmp_path / "children"), self._changed)

    async def until(self, condition: Callable[[ContainerState], bool]) -> ContainerState:
        async with asyncio.timeout(10):
            while not condition(self.runner.state):
                self._moved.clear()
                await self._moved.wait()
        return self.runner.state

    def _changed(self) -> None:
        self.states.append(self.runner.state)
        self._moved.set()


def exists(tmp_path: Path, name: str) -> Check:
    code = f"import os; raise SystemExit(not os.path.exists({str(tmp_path / name)!r}))"
    return Check(ExecProbe(Command("probe", (sys.executable, "-c", code), {}, tmp_path, tmp_path / "probe.log")), QUICK)


def run(story: Callable[[], Coroutine[None, None, None]]) -> None:
    asyncio.run(asyncio.wait_for(story(), 20))


def test_a_program_that_crashes_is_started_again_later_and_later_and_its_last_lines_are_kept(tmp_path: Path) -> None:
    async def story() -> None:
        watched = Watched(tmp_path, "print('no such table: products'); raise SystemExit(3)")
        keeping = asyncio.create_task(watched.runner.keep())
        state = await watched.until(lambda state: state.restarts == 2 and state.phase is Phase.CRASHED)
        await watched.runner.stop(asyncio.Event())
        await keeping
        assert state.exit_code == 3
        assert state.reason == "exited with code 3"
        assert state.last_lines == ("no such table: products",)

    run(story)


def test_an_init_container_is_repeated_until_it_ends_well(tmp_path: Path) -> None:
    seen = str(tmp_path / "seen")
    code = f"import os; e = os.path.exists({seen!r}); open({seen!r}, 'w').close(); raise SystemExit(not e)"

    async def story() -> None:
        watched = Watched(tmp_path, code)
        await watched.runner.complete()
        assert watched.runner.state.phase is Phase.COMPLETED
        assert watched.runner.state.restarts == 1

    run(story)


def test_a_program_is_ready_only_while_its_probe_passes(tmp_path: Path) -> None:
    async def story() -> None:
        watched = Watched(tmp_path, RUNS, readiness=exists(tmp_path, "open"))
        keeping = asyncio.create_task(watched.runner.keep())
        await watched.until(lambda state: state.reason.startswith("readiness: "))
        (tmp_path / "open").touch()
        await watched.until(lambda state: state.ready)
        (tmp_path / "open").unlink()
        state = await watched.until(lambda state: not state.ready)
        assert state.restarts == 0
        await watched.runner.stop(asyncio.Event())
        await keeping

    run(story)


def test_a_program_that_is_not_alive_is_started_again(tmp_path: Path) -> None:
    async def story() -> None:
        (tmp_path / "alive").touch()
        watched = Watched(tmp_path, RUNS, liveness=exists(tmp_path, "alive"))
        keeping = asyncio.create_task(watched.runner.keep())
        await watched.until(lambda state: state.ready)
        (tmp_path / "alive").unlink()
        state = await watched.until(lambda state: state.phase is Phase.CRASHED)
        assert "ended by SIGTERM (probe failed, liveness" in state.reason
        (tmp_path / "alive").touch()
        await watched.until(lambda state: state.ready and state.restarts >= 1)
        await watched.runner.stop(asyncio.Event())
        await keeping

    run(story)


def test_a_program_that_does_not_start_up_is_started_again(tmp_path: Path) -> None:
    async def story() -> None:
        watched = Watched(tmp_path, RUNS, startup=exists(tmp_path, "never"))
        keeping = asyncio.create_task(watched.runner.keep())
        state = await watched.until(lambda state: state.restarts == 1)
        assert not any(each.ready for each in watched.states)
        assert "(probe failed, startup: " in state.reason
        await watched.runner.stop(asyncio.Event())
        await keeping

    run(story)


def test_a_program_is_told_to_end_only_after_the_wait_that_its_yaml_asks_for(tmp_path: Path) -> None:
    async def story() -> None:
        watched = Watched(tmp_path, RUNS, before_stop=0.4)
        keeping = asyncio.create_task(watched.runner.keep())
        await watched.until(lambda state: state.ready)
        stopping = asyncio.create_task(watched.runner.stop(asyncio.Event()))
        await asyncio.sleep(0.2)
        assert watched.runner.pid is not None
        await stopping
        await keeping
        assert watched.runner.state.exit_code == -signal.SIGTERM

    run(story)


def test_nothing_is_waited_for_when_everything_ends(tmp_path: Path) -> None:
    async def story() -> None:
        watched = Watched(tmp_path, RUNS, before_stop=15)
        keeping = asyncio.create_task(watched.runner.keep())
        await watched.until(lambda state: state.ready)
        alone = asyncio.Event()
        stopping = asyncio.create_task(watched.runner.stop(alone))
        alone.set()
        async with asyncio.timeout(1):  # its grace is two seconds
            await stopping
        await keeping

    run(story)
