"""How a run goes: a picture that changes where somebody looks at a terminal, lines otherwise."""

from __future__ import annotations

import math
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console, Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from souk_canary.counts import Arm
from souk_canary.definition import Definition
from souk_canary.engine import Engine
from souk_canary.record import Judged, Moment, total
from souk_canary.report.quantiles import quantile
from souk_canary.rule import Evidence
from souk_canary.runner import Audience

KEPT = 6
"""Moments that stay in view."""


@contextmanager
def audience(definition: Definition) -> Iterator[Audience]:
    """Whoever is there."""
    if sys.stdout.isatty():
        console = Console(highlight=False)
        with Live(console=console, auto_refresh=False) as live:
            yield Onlooker(live)
    else:
        yield Log(definition.baseline, definition.candidate)


class Log:
    """A file, or another program: a line for what happened and for each window."""

    def __init__(self, baseline: str, candidate: str) -> None:
        self._names = (baseline, candidate)

    def told(self, moment: Moment) -> None:
        """Prints it."""
        print(f"{moment.at:7.1f} s  {moment.text}", flush=True)

    def counted(self, judged: Judged) -> None:
        """Prints what a window had, and what all say."""
        window = judged.window
        arms = zip(self._names, (window.baseline, window.candidate), strict=True)
        failed = ", ".join(f"{name} failed {arm.bad} of {arm.attempts}" for name, arm in arms)
        against = ", ".join(f"{each.criterion} {_odds(each.log)}" for each in judged.evidence)
        least = min(each.threshold for each in judged.evidence)
        print(f"{window.ended:7.1f} s  {failed}; against it: {against} (rolls back at {_odds(least)})", flush=True)

    def shown(self, engine: Engine, now: float) -> None:
        """Says nothing."""


class Onlooker:
    """Somebody at a terminal."""

    def __init__(self, live: Live) -> None:
        self._live = live
        self._moments: deque[Moment] = deque(maxlen=KEPT)
        self._arms: tuple[list[Arm], list[Arm]] = ([], [])
        self._last: Judged | None = None

    def told(self, moment: Moment) -> None:
        """Adds a line."""
        self._moments.append(moment)

    def counted(self, judged: Judged) -> None:
        """Adds to the table."""
        self._arms[0].append(judged.window.baseline)
        self._arms[1].append(judged.window.candidate)
        self._last = judged

    def shown(self, engine: Engine, now: float) -> None:
        """Draws it anew."""
        definition = engine.definition
        step = f"step {engine.step + 1} of {len(definition.steps)}: {engine.percent} %"
        head = Text.assemble(
            (f"{definition.service} {definition.candidate} against {definition.baseline}", "bold"),
            f"  {step}, {engine.phase.value}  {now:.0f} s of at most {definition.timebox:g} s",
        )
        lines = [Text(f"{each.at:7.1f} s  {each.text}", style="dim") for each in self._moments]
        evidence = [self._evidence()] if self._last else []
        self._live.update(Group(head, self._versions(engine), *evidence, *lines), refresh=True)

    def _versions(self, engine: Engine) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 3, 0, 0))
        table.add_column("")
        for title in ("attempts", "failed", "rate", "p95"):
            table.add_column(title, justify="right", header_style="dim")
        names = (engine.definition.baseline, engine.definition.candidate)
        for name, arms, style in zip(names, self._arms, ("cyan", "yellow"), strict=True):
            arm = total(arms)
            rate = f"{arm.bad / arm.attempts:.2%}" if arm.attempts else "–"
            late = quantile(arm, self._last.window.bounds, 0.95) if self._last else "–"
            table.add_row(Text(name, style=style), f"{arm.attempts:,}", f"{arm.bad:,}", rate, late)
        return table

    def _evidence(self) -> Table:
        assert self._last is not None, "there is no evidence before the first window"
        table = Table.grid(padding=(0, 2, 0, 0))
        for each in self._last.evidence:
            table.add_row(each.criterion, _bar(each), f"{_odds(each.log)} of {_odds(each.threshold)}")
        if self._last.hold is not None:
            table.add_row("", Text("holds", style="yellow"), self._last.hold)
        return table


def _bar(evidence: Evidence) -> ProgressBar:
    done = max(0.0, min(1.0, evidence.log / evidence.threshold))
    return ProgressBar(total=1.0, completed=done, width=30, complete_style="yellow", finished_style="red")


def _odds(log: float) -> str:
    """Evidence as a number; beyond a million nobody counts."""
    return f"{math.exp(log):,.3g}" if log < math.log(1e6) else "over 1,000,000"
