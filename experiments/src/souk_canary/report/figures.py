"""The report's pictures, as SVG that takes its colours from the page's style."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Callable, Sequence
from typing import Any

import matplotlib as mpl
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, NullFormatter

from souk_canary.counts import Arm, Window
from souk_canary.record import Record, total
from souk_canary.report.quantiles import shown
from souk_canary.report.sequences import sequence

# Stand-ins that become the page's colours: dark or light, it decides.
COLOURS = {"#010101": "ink", "#020202": "soft", "#030303": "baseline", "#040404": "candidate", "#050505": "limit"}
INK, SOFT, BASELINE, CANDIDATE, LIMIT = COLOURS
DASHES = ("solid", (0, (5, 2)), (0, (1, 1)), (0, (5, 1, 1, 1)))
STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "svg.hashsalt": "souk",
    "font.size": 12,
    "font.family": "sans-serif",
    "axes.edgecolor": SOFT,
    "axes.labelcolor": SOFT,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.color": SOFT,
    "ytick.color": SOFT,
    "text.color": INK,
    "grid.color": SOFT,
    "grid.alpha": 0.18,
    "lines.linewidth": 2.0,
    "legend.frameon": False,
}


def weights(record: Record) -> str:
    """The candidate's share over time: as meant, and as counted in each window."""
    baseline, candidate = record.definition.baseline, record.definition.candidate

    def draw(axes: Axes) -> None:
        held = sum(record.before.values())
        begun = 100 * record.before.get(candidate, 0) / held
        ended = 100 * record.after.get(candidate, 0) / sum(record.after.values()) if record.after else begun
        at = [0.0, *(split.at for split in record.splits), record.length]
        percent = [begun, *(float(split.percent) for split in record.splits), ended]
        axes.step(at, percent, where="post", color=CANDIDATE, label=f"to {candidate}, confirmed by every proxy")
        axes.plot(record.length, ended, "o", color=CANDIDATE, clip_on=False)
        windows = [each.window for each in record.windows]
        arrived = [100 * _share(each) for each in windows]
        times = [each.ended for each in windows]
        axes.plot(times, arrived, ".", color=INK, markersize=6, clip_on=False, label="arrived, by window")
        axes.set_ylim(0, min(104, 1.25 * max([*percent, *arrived, 8])))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f} %"))
        _over_time(axes, record.length)

    return _svg(draw, f"Share of the requests to {candidate}; the rest goes to {baseline}")


def evidence(record: Record) -> str:
    """The evidence against the candidate, by criterion, and where it rolls back."""

    def draw(axes: Axes) -> None:
        times = [0.0, *(each.window.ended for each in record.windows)]
        names = [each.criterion for each in record.windows[-1].evidence] if record.windows else []
        for place, name in enumerate(names):
            logs = [0.0, *(each.evidence[place].log / math.log(10) for each in record.windows)]
            style = DASHES[place % len(DASHES)]
            axes.plot(times, logs, linestyle=style, color=CANDIDATE if place == 0 else INK, label=name)
        thresholds = {each.threshold / math.log(10) for judged in record.windows for each in judged.evidence}
        for threshold in sorted(thresholds):
            axes.axhline(threshold, color=LIMIT, linewidth=1.5)
            axes.annotate("rolls back", (0, threshold), (4, 4), textcoords="offset points", color=LIMIT)
        low, high = axes.get_ylim()
        axes.set_ylim(max(low, -4), max(high, max(thresholds, default=2) * 1.25))
        axes.yaxis.set_major_locator(MaxNLocator(5, integer=True))
        axes.yaxis.set_major_formatter(FuncFormatter(_odds))
        _over_time(axes, record.length)

    return _svg(draw, "Evidence that the candidate is worse")


def error_rates(record: Record) -> str:
    """Both versions' error rates so far, with the intervals that hold at all times at once."""

    def draw(axes: Axes) -> None:
        times = [each.window.ended for each in record.windows]
        tops: list[float] = [record.definition.slo.errors * 2]
        for colour, name, arms in _arms(record):
            bands = sequence([(arm.attempts, arm.bad) for arm in arms])
            lows, highs = [low for low, _ in bands], [high for _, high in bands]
            rates = _running(arms)
            axes.fill_between(times, lows, highs, color=colour, alpha=0.16, lw=0)
            axes.plot(times, rates, color=colour, label=name)
            tops += [rates[-1] * 1.6, highs[-1] * 1.25]
        slo = record.definition.slo.errors
        axes.axhline(slo, color=LIMIT, linewidth=1.5, linestyle=(0, (4, 2)))
        axes.set_ylim(0, min(1.0, max(tops)))
        axes.annotate(f"SLO {100 * slo:g} %", (0, slo), (4, 4), textcoords="offset points", color=LIMIT)
        axes.yaxis.set_major_locator(MaxNLocator(5))
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
        _over_time(axes, record.length)

    return _svg(draw, "Share of attempts that failed")


def latencies(record: Record) -> str:
    """Which share of the attempts took longer than how long."""

    def draw(axes: Axes) -> None:
        bounds = record.windows[0].window.bounds if record.windows else ()
        least = 1.0
        for colour, name, arms in _arms(record):
            arm = total(arms)
            if not arm.attempts:
                continue
            shares = [slower / arm.attempts for slower in arm.slower]
            there = [(bound, share) for bound, share in zip(bounds, shares, strict=True) if share > 0]
            axes.plot([bound for bound, _ in there], [share for _, share in there], ".-", color=colour, label=name)
            least = min([least, *(share for _, share in there)])
        slow = record.definition.slo.slow
        if slow is not None:
            promise = f"SLO: {100 * slow.at_most:g} % over {shown(slow.than)}"
            axes.plot([slow.than], [slow.at_most], "v", color=LIMIT, markersize=9, label=promise)
        axes.set_xscale("log")
        axes.set_yscale("log")
        axes.set_ylim(min(least, 0.005) / 1.5, 1.4)
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: shown(value)))
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{100 * value:g} %"))
        axes.set_xlabel("took longer than")
        axes.grid(visible=True)
        _legend(axes)

    return _svg(draw, "Share of attempts by how long they took")


def _arms(record: Record) -> Sequence[tuple[str, str, Sequence[Arm]]]:
    windows = [each.window for each in record.windows]
    return (
        (BASELINE, record.definition.baseline, [each.baseline for each in windows]),
        (CANDIDATE, record.definition.candidate, [each.candidate for each in windows]),
    )


def _share(window: Window) -> float:
    return window.candidate.attempts / max(1, window.baseline.attempts + window.candidate.attempts)


def _running(arms: Sequence[Arm]) -> list[float]:
    rates: list[float] = []
    attempts = bad = 0
    for arm in arms:
        attempts, bad = attempts + arm.attempts, bad + arm.bad
        rates.append(bad / max(1, attempts))
    return rates


def _odds(log: float, _: int) -> str:
    """The number that a common logarithm is of."""
    if log == 0:
        return "1"
    return f"{10**log:,.0f}" if 0 < log < 6 else f"10^{log:.0f}"


def _over_time(axes: Axes, length: float) -> None:
    axes.set_xlim(0, max(length, 1))
    axes.set_xlabel("seconds since the beginning")
    axes.xaxis.set_major_locator(MaxNLocator(7))
    axes.grid(visible=True)
    _legend(axes)


def _legend(axes: Axes) -> None:
    if axes.get_legend_handles_labels()[0]:
        axes.legend(loc="upper left", bbox_to_anchor=(0, 1.16), ncols=3, columnspacing=1.2, handlelength=1.6)


def _svg(draw: Callable[[Axes], None], title: str) -> str:
    with mpl.rc_context(STYLE):
        figure = Figure(figsize=(480 / 72, 280 / 72))
        axes = figure.subplots()
        draw(axes)
        figure.subplots_adjust(left=0.13, right=0.97, top=0.88, bottom=0.15)
        text = io.StringIO()
        figure.savefig(text, format="svg", transparent=True, metadata={"Date": None, "Creator": None})
    svg = text.getvalue()
    size = r'width="[\d.]+pt" height="[\d.]+pt"'
    svg = re.sub(size, f'role="img" aria-label="{title}"', svg[svg.index("<svg") :], count=1)
    for stand_in, name in COLOURS.items():
        svg = svg.replace(stand_in, f"var(--{name})")
    return svg
