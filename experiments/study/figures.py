"""The study's pictures."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import matplotlib

matplotlib.use("svg")
import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from study import grid
from study.results import Results
from study.run import AS_SHIPPED, OURS
from study.worlds import World

FLOOR = 0.0004
"""Where no rollback at all is drawn on a logarithmic axis."""
COLOURS = {"Souk": "#0b6e4f", "Flagger": "#c8553d", "Argo": "#e0a030", "Kayenta": "#5c6f91"}


def draw(results: Results, folder: Path) -> None:
    """Draws all of them into a folder."""
    folder.mkdir(exist_ok=True)
    with plt.rc_context(
        {
            "svg.hashsalt": "canary-study",
            "svg.fonttype": "none",
            "font.size": 9,
            "font.family": "sans-serif",
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    ):
        _alike(results, folder / "alike.svg")
        _trade(results, folder / "trade.svg")
        _harm(results, folder / "harm.svg")


def rules(results: Results) -> list[str]:
    """The names of all rules, ours first, each tool's together."""
    names = {row.rule for row in results.rows}
    order = [*AS_SHIPPED, *sorted(name for name in names if name not in AS_SHIPPED)]
    return sorted(order, key=lambda name: [tool for tool in COLOURS if name.startswith(tool)] != [OURS])


def colour(rule: str) -> str:
    """Of the tool."""
    return next(value for tool, value in COLOURS.items() if rule.startswith(tool))


def _alike(results: Results, path: Path) -> None:
    names = rules(results)
    worlds = list(grid.CLAIMED)
    figure, axes = plt.subplots(figsize=(8, 3.6))
    for at, name in enumerate(names):
        for row in results.of(grid.ALIKE, name):
            offset = (worlds.index(row.world) - (len(worlds) - 1) / 2) * 0.11
            axes.plot(max(row.rolled_back, FLOOR), at + offset, "o", ms=3, alpha=0.6, mew=0, color=colour(name))
    _rates_of_rollback(axes)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    axes.set_xlabel("good candidates that are rolled back; a point for each cell, a line of points for each world")
    _save(figure, path)


def _trade(results: Results, path: Path) -> None:
    figure, axes = plt.subplots(figsize=(8, 3.8))
    for tool, value in COLOURS.items():
        settings = sorted((each for each in results.settings if each.tool == tool), key=lambda each: each.worst)
        x, y = [max(each.worst, FLOOR) for each in settings], [each.delay for each in settings]
        axes.plot(x, y, "o" if tool != OURS else "o-", ms=5, mew=0, alpha=0.6, color=value, label=tool)
        chosen = [(max(each.worst, FLOOR), each.delay) for each in settings if each.chosen]
        if tool != OURS:
            axes.plot(*zip(*chosen, strict=True), "o", ms=11, mfc="none", mec=value, mew=1.5)
    _rates_of_rollback(axes)
    axes.set_xlabel("good candidates that are rolled back, in the worst cell for tuning")
    axes.set_ylabel("seconds to a rollback of a bad one")
    axes.set_ylim(0, 1900)
    axes.legend(frameon=False, title="a point for each setting,\na ring for the best")
    _save(figure, path)


def _harm(results: Results, path: Path) -> None:
    cells = [cell for cell in grid.WORSE if cell.world is World.STEADY]
    figure, axes = plt.subplots(figsize=(8, 5))
    shapes: Mapping[str, str] = {"code": "v", "documented": "s", "best": "D"}
    for name in rules(results):
        shape = next((shapes[word] for word in shapes if name.endswith(word)), "o")
        rows = results.of(cells, name)
        offset = 0.0 if name == OURS else 0.12
        y = [at + offset for at in range(len(cells))]
        size = 8 if name == OURS else 5
        axes.plot(
            [max(row.harm, 0.5) for row in rows], y, shape, ms=size, mew=0, alpha=0.75, color=colour(name), label=name
        )
    axes.set_xscale("log")
    axes.set_yticks(range(len(cells)), [cell.name for cell in cells])
    axes.invert_yaxis()
    axes.grid(axis="y", lw=0.3)
    axes.set_xlabel("requests that failed at the candidate within half an hour, on average")
    axes.legend(frameon=False, bbox_to_anchor=(1, 1), loc="upper left")
    _save(figure, path)


def _rates_of_rollback(axes: Axes) -> None:
    ticks: Sequence[tuple[float, str]] = [(FLOOR, "none"), (0.001, "0.1 %"), (0.01, "1 %"), (0.1, "10 %"), (1, "100 %")]
    axes.set_xscale("log")
    axes.set_xticks([at for at, _ in ticks], [text for _, text in ticks])
    axes.minorticks_off()
    axes.axvline(0.01, color="#888", lw=0.8, ls="--")


def _save(figure: Figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)
