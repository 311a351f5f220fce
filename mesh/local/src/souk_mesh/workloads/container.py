"""Keeps one container of a pod running: starts it, probes it, starts it again with backoff, ends it."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum

from souk_mesh.workloads.backoff import Backoff
from souk_mesh.workloads.ledger import Ledger
from souk_mesh.workloads.plan import Check, ContainerPlan
from souk_mesh.workloads.probes import attempt
from souk_mesh.workloads.processes import CannotStart, Child, Command, run, size, start, tail
from souk_mesh.workloads.readiness import Course, Verdict

log = logging.getLogger(__name__)

LAST_LINES = 12
"""How much of a failed container's log is kept for `souk status`."""


class Phase(StrEnum):
    """Where a container is in its life."""

    WAITING = "Waiting"
    RUNNING = "Running"
    CRASHED = "CrashLoopBackOff"
    COMPLETED = "Completed"
    FAILED = "Failed"
    STOPPED = "Stopped"


@dataclass(frozen=True)
class ContainerState:
    """A container as `souk status` shows it."""

    phase: Phase = Phase.WAITING
    ready: bool = False
    restarts: int = 0
    exit_code: int | None = None
    """Of the last run that ended."""
    reason: str = ""
    """Why it is not ready, or why it was started again."""
    last_lines: tuple[str, ...] = ()
    """The end of the log of the last run that failed."""


class ContainerRunner:
    """One container, over all its restarts. `changed` is called whenever its state is another."""

    def __init__(self, plan: ContainerPlan, ledger: Ledger, changed: Callable[[], None]) -> None:
        self._plan = plan
        self._ledger = ledger
        self._changed = changed
        self._child: Child | None = None
        self._stopping = asyncio.Event()
        self._backoff = Backoff()
        self._log_began = 0
        self._last_end = ""
        self.state = ContainerState()

    @property
    def name(self) -> str:
        """The container's name."""
        return self._plan.name

    @property
    def pid(self) -> int | None:
        """Its process while it runs."""
        return self._child.pid if self._child is not None and self._child.running else None

    async def complete(self) -> None:
        """Runs it until it has once ended well, as an init container must."""
        while not self._stopping.is_set():
            if await self._once() == 0:
                self._set(phase=Phase.COMPLETED, ready=True, exit_code=0, reason="")
                return
            await self._pause()

    async def once(self) -> None:
        """Runs it to its end, and not again however that was."""
        ended_well = await self._once() == 0
        if not self._stopping.is_set():
            self._set(phase=Phase.COMPLETED if ended_well else Phase.FAILED, ready=ended_well)

    async def keep(self) -> None:
        """Runs it again and again until it is stopped."""
        while not self._stopping.is_set():
            await self._once()
            await self._pause()

    async def stop(self, alone: asyncio.Event) -> None:
        """Ends it for good: what its preStop says, SIGTERM, and SIGKILL when its grace is over.

        `alone` is set when everything else ends too. Then nobody is left who could still send something, and a preStop
        that only waits for them is cut short.
        """
        self._stopping.set()
        grace = self._plan.grace
        child = self._child
        if child is not None and child.running:
            deadline = asyncio.get_running_loop().time() + grace
            await self._before_stop(grace, alone)
            log.info("%s: SIGTERM", self._plan.command.label)
            code = await child.stop(max(0.0, deadline - asyncio.get_running_loop().time()))
            log.info("%s: ended with %d", self._plan.command.label, code)
        self._set(phase=Phase.STOPPED, ready=False)

    async def _once(self) -> int | None:
        self._log_began = size(self._plan.command.log)
        try:
            child = start(self._plan.command, self._ledger)
        except CannotStart as error:
            self._failed(str(error), None, 0.0)
            return None
        self._child = child
        self._set(phase=Phase.RUNNING, ready=False, reason=self._beginning())
        probing = asyncio.create_task(self._probe(child))
        try:
            code = await child.exited()
        finally:
            probing.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await probing
        if self._stopping.is_set() or code == 0:
            self._set(phase=Phase.STOPPED, ready=False, exit_code=code, reason="ended")
            self._backoff = self._backoff.ended(child.ran)
        else:
            self._failed(_ending(code, self.state.reason), code, child.ran)
        return code

    async def _pause(self) -> None:
        if self._stopping.is_set():
            return
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(self._backoff.delay):
                await self._stopping.wait()
        if not self._stopping.is_set():
            self._set(restarts=self.state.restarts + 1)

    async def _probe(self, child: Child) -> None:
        plan = self._plan
        if plan.startup is not None and not await self._started(plan.startup, child):
            return
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._readiness(plan.readiness))
            if plan.liveness is not None:
                tasks.create_task(self._liveness(plan.liveness, child))

    async def _started(self, check: Check, child: Child) -> bool:
        course = await self._begin(check, Course(check.thresholds))
        while True:
            course, problem = await self._attempt(check, course)
            if course.verdict is Verdict.PASSED:
                return True
            self._set(reason=f"startup: {problem}")
            if course.verdict is Verdict.FAILED:
                self._unhealthy(child)
                return False
            await asyncio.sleep(course.next_in)

    async def _readiness(self, check: Check | None) -> None:
        if check is None:
            self._set(ready=True, reason="")
            return
        course = await self._begin(check, Course(check.thresholds))
        while True:
            course, problem = await self._attempt(check, course)
            ready = course.verdict is Verdict.PASSED
            self._set(ready=ready, reason="" if ready else f"readiness: {problem}")
            await asyncio.sleep(course.next_in)

    async def _liveness(self, check: Check, child: Child) -> None:
        # A program counts as alive until proven otherwise, so there is nothing to be eager about.
        course = await self._begin(check, Course(check.thresholds, interval=check.thresholds.period))
        while True:
            course, problem = await self._attempt(check, course)
            if course.verdict is Verdict.FAILED:
                self._set(reason=f"liveness: {problem}")
                self._unhealthy(child)
                return
            await asyncio.sleep(course.next_in)

    async def _begin(self, check: Check, course: Course) -> Course:
        await asyncio.sleep(check.thresholds.initial_delay)
        return course

    async def _attempt(self, check: Check, course: Course) -> tuple[Course, str]:
        problem = await attempt(check.probe, check.thresholds.timeout, self._ledger)
        return (course.failed() if problem else course.passed()), problem

    def _unhealthy(self, child: Child) -> None:
        """Ends a run that its probes gave up on; the program is started again like any that ended."""
        self._set(ready=False, reason=f"probe failed, {self.state.reason}")
        child.signal(signal.SIGTERM)
        asyncio.get_running_loop().call_later(self._plan.grace, child.signal, signal.SIGKILL)

    async def _before_stop(self, grace: float, alone: asyncio.Event) -> None:
        match self._plan.before_stop:
            case float(seconds):
                log.info("%s: waits %g s, as its preStop says", self._plan.command.label, seconds)
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(min(seconds, grace)):
                        await alone.wait()
            case Command() as command:
                log.info("%s: runs its preStop", self._plan.command.label)
                with contextlib.suppress(CannotStart, TimeoutError):
                    await run(command, self._ledger, grace)

    def _failed(self, reason: str, code: int | None, ran: float) -> None:
        self._backoff = self._backoff.ended(ran)
        lines = tail(self._plan.command.log, LAST_LINES, self._log_began)
        self._last_end = reason
        self._set(phase=Phase.CRASHED, ready=False, exit_code=code, reason=reason, last_lines=lines)

    def _beginning(self) -> str:
        return f"starting again, since the last run {self._last_end}" if self._last_end else "starting"

    def _set(self, **changes: object) -> None:
        state = replace(self.state, **changes)  # type: ignore[arg-type]
        if state != self.state:
            self.state = state
            self._changed()


def _ending(code: int, reason: str) -> str:
    what = f"ended by {signal.Signals(-code).name}" if code < 0 else f"exited with code {code}"
    return f"{what} ({reason})" if "probe failed" in reason else what
