"""Draws the figures."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import matplotlib as mpl

from bench.floors import KEYS, AtLeast
from bench.results import Figures, Series

FOLDER = Path(__file__).with_name("plots")
_OURS, _FLOOR = "#0b6e4f", "#b3261e"


def draw(figures: Figures) -> None:
    """Draws whatever there are figures for."""
    mpl.use("svg")
    # The same figures give the same file.
    mpl.rcParams.update(
        {
            "svg.hashsalt": "souk",
            "svg.fonttype": "none",
            "font.size": 9,
            "axes.spines.top": False,
            "axes.spines.right": False,
        }
    )
    FOLDER.mkdir(exist_ok=True)
    _ratios(figures)
    if "growth" in figures:
        _growth(cast("Mapping[str, Series]", figures["growth"]))
    if "growth_mesh" in figures:
        _growth_mesh(cast("Mapping[str, Series]", figures["growth_mesh"]))


def _ratios(figures: Figures) -> None:
    """Each ratio with the spread of its rounds, and its floor."""
    keys = [key for key in KEYS if isinstance(key.floor, AtLeast) and key.name in figures]
    if not keys:
        return
    figure, axes = _figure(7, 0.5 + 0.5 * len(keys))
    for place, key in enumerate(reversed(keys)):
        value = cast("float", figures[key.name])
        low, high = cast("list[float]", figures.get(f"{key.name}_spread", [value, value]))
        floor = cast("AtLeast", key.floor).bound
        axes.plot([low, high], [place, place], color="black", linewidth=1.2, marker="|")
        axes.plot(value, place, color=_OURS, marker="o", markersize=8)
        axes.plot([floor, floor], [place - 0.3, place + 0.3], color=_FLOOR, linewidth=2)
        axes.text(max(value, high, floor) * 1.06, place, f"{value:.2f}", va="center")
    axes.set_yticks(range(len(keys)), [key.name for key in reversed(keys)])
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_xlabel("ratio; red: the floor; black: from the smallest round to the largest")
    _save(figure, "ratios")


def _growth(series: Mapping[str, Series]) -> None:
    """One picture for each group of series, which the part of the name before the last word makes."""
    labels = {
        "list_products_ms": ("products stored", "ms for a page of 50"),
        "place_order_ms": ("lines of the order", "ms to place it, median"),
        "orders_per_s": ("orders stored", "orders placed per second"),
    }
    for group, (x_label, y_label) in labels.items():
        found = {name: points for name, points in series.items() if name.startswith(group)}
        if not found:
            continue
        figure, axes = _figure(5, 3)
        for name, points in found.items():
            label = name.removeprefix(group).strip("_") or group
            axes.plot([p[0] for p in points], [p[1] for p in points], marker="o", label=label)
        if group == "orders_per_s":  # which begins at none
            axes.set_xscale("symlog", linthresh=10_000)
        else:
            axes.set_xscale("log")
        axes.set_ylim(0, 1.15 * max(y for points in found.values() for _, y in points))
        axes.set_xlabel(x_label)
        axes.set_ylabel(y_label)
        if len(found) > 1:
            axes.legend(frameon=False)
        _save(figure, group)


def _growth_mesh(series: Mapping[str, Series]) -> None:
    """A change by the proxies that it concerns; the memory by the services that there are."""
    figure, axes = _figure(5, 3)
    for which in ("area", "hub"):
        affected = [point[1] for point in series[f"{which}_change_affected"]]
        took = [point[1] for point in series[f"{which}_change_ms"]]
        axes.plot(
            affected, took, marker="o", linestyle="" if which == "area" else "-", label=f"a service of the {which}"
        )
    axes.set_xlabel("proxies affected, of 20, 100 and 400")
    axes.set_ylabel("ms until all have acknowledged, median")
    axes.set_ylim(bottom=0)
    axes.legend(frameon=False)
    _save(figure, "mesh_change_ms")
    figure, axes = _figure(5, 3)
    axes.plot(*zip(*series["memory_mb"], strict=True), marker="o")
    axes.set_xlabel("services, two pods each")
    axes.set_ylabel("MB of the control plane")
    axes.set_ylim(bottom=0)
    _save(figure, "mesh_memory_mb")


def _figure(width: float, height: float) -> tuple[Any, Any]:
    from matplotlib import pyplot  # noqa: PLC0415 - after its backend was chosen

    figure, axes = pyplot.subplots(figsize=(width, height))
    return figure, axes


def _save(figure: Any, name: str) -> None:  # noqa: ANN401 - matplotlib has no types here
    figure.tight_layout()
    figure.savefig(FOLDER / f"{name}.svg", metadata={"Date": None})
