"""Tells what the study found, in `docs/canary-study.md`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from study import grid
from study.figures import rules
from study.results import Results, Row
from study.run import OURS
from study.worlds import Cell, World

WORLDS = {
    World.STEADY: "nothing beside the versions' own errors",
    World.SHARED_BURSTS: "now and then 30 s in which 30 % of the attempts fail at both versions",
    World.POD_BURSTS: "in 5 % of the windows a pod fails 10 % of its attempts, each by itself; two baseline pods",
    World.ONE_REPLICA: "the same with one baseline pod, so that nothing tells how much pods differ",
    World.WARM_UP: "both versions fail ten times as often at first, which fades within a minute",
    World.DRIFT: "the load swings by a factor of 3, the errors by a factor of 9",
    World.STREAMS: "streams of 20 requests stay with a pod; half of all errors are in few streams that fail 30 %",
}
HONEST = 0.01


def text(results: Results) -> str:
    """The whole document."""
    return "\n".join(_parts(results))


def _parts(results: Results) -> Iterator[str]:
    yield "# How far the canary's rule can be trusted"
    yield ""
    yield (
        "`make canary-study` simulates it and writes this page, its pictures and `canary-study/results.json`. The "
        "rule that "
        "decides here is the one that ships, given arrays; the others are written anew from what the code and the "
        "documents "
        f"of their tools say (`experiments/study/rivals.py`). Knobs are chosen with seed {grid.TUNING}, everything "
        f"below "
        f"is drawn with seed {grid.REPORTED}."
    )
    yield from _short(results)
    yield from _setting()
    yield from _alike(results)
    yield from _worse(results)
    yield from _knobs(results)
    yield from _parts_of_the_rule(results)
    yield from _weak(results)


def _short(results: Results) -> Iterator[str]:
    ours = results.of(grid.ALIKE, OURS)
    back = sum(row.rolled_back * row.runs for row in ours)
    runs = sum(row.runs for row in ours)
    above = [row for row in ours if row.rolled_back > HONEST]
    judged = [_compared(results, cell) for cell in (*grid.WORSE, *grid.WORSE_LATENCY)]
    first = sum(not words for words in judged)
    yield ""
    yield "## In short"
    yield ""
    yield (
        f"- Of {runs:,} runs in which both versions were the same, {back / runs:.2%} were rolled back; in "
        f"{len(ours) - len(above)} "
        f"of {len(ours)} cells it was 1 % or less{'; not' if above else ''}{_named(above)}."
    )
    yield (
        f"- In {first} of {len(judged)} cells with a worse candidate, the rule is at least as fast as every rule "
        f"that leaves good "
        "candidates alone as well as it does, and costs no more failed requests. The others are named in the table."
    )
    never = [row for row in results.rows if row.rule == OURS and not row.cell.alike and row.rolled_back < 0.5]
    yield f"- It rolls back less than half of the runs in {len(never)} of these cells{_named(never)}."


def _named(rows: Sequence[Row]) -> str:
    if not rows:
        return ""
    return ": " + "; ".join(f"{row.rolled_back:.1%} at {row.cell.name}, {row.world.value}" for row in rows)


def _setting() -> Iterator[str]:
    yield ""
    yield "## What is simulated"
    yield ""
    yield (
        "Windows of 10 s, five steps of a minute from 10 % to 50 %, half an hour at most. Souk leaves out the first "
        "window "
        "of each step and holds a step while evidence leans against the candidate, as the engine does; one pod is the "
        "candidate's, two are the baseline's. Flagger and Argo Rollouts look once a minute, Kayenta every 5 minutes "
        "at rates by "
        "minute. Argo's documents measure every 5 minutes: looking every minute spares it that. Prometheus's own "
        "delay of "
        "a scrape or two is spared all of them."
    )
    yield ""
    yield from _table(("world", "what happens in it"), ((world.value, what) for world, what in WORLDS.items()))


def _alike(results: Results) -> Iterator[str]:
    yield ""
    yield "## Good candidates"
    yield ""
    names = rules(results)
    yield (
        f"Both versions are the same. {len(grid.RATES)} rates from {grid.RATES[0]:g} to {grid.RATES[-1]:g} "
        f"requests/s and "
        f"{len(grid.BASES)} rates of errors from 0 to 2 % in each world; in each cell {_runs(results, [OURS])} runs "
        f"of Souk "
        f"and {_runs(results, names[1:])} of each other rule. False rollbacks on average and in the worst cell:"
    )
    yield ""
    yield from _table(
        ("world", *names),
        (
            (
                world.value,
                *(_spread(row for row in results.of(grid.ALIKE, name) if row.world is world) for name in names),
            )
            for world in grid.CLAIMED
        ),
    )
    yield ""
    yield "![False rollbacks by rule](canary-study/alike.svg)"
    yield ""
    yield "With latency judged as well (99th percentile 410 ms, limit 500 ms), steady, errors 0.1 %:"
    yield ""
    yield from _table(
        ("rate", *names),
        (
            (f"{cell.rate:g}/s", *(f"{results.of([cell], name)[0].rolled_back:.1%}" for name in names))
            for cell in grid.ALIKE_LATENCY
        ),
    )
    yield ""
    yield "Good candidates that Souk promotes, by traffic and rate of errors (steady); the rest end without an answer:"
    yield ""
    steady = {row.cell: row for row in results.of(grid.ALIKE, OURS)}
    yield from _table(
        ("rate", *(f"errors {base:.1%}" for base in grid.BASES)),
        (
            (f"{rate:g}/s", *(f"{steady[Cell(World.STEADY, rate, base)].promoted:.0%}" for base in grid.BASES))
            for rate in grid.RATES
        ),
    )


def _worse(results: Results) -> Iterator[str]:
    names = rules(results)
    yield ""
    yield "## Bad candidates"
    yield ""
    yield (
        f"{results.of(grid.WORSE, OURS)[0].runs} runs in each cell: rolled back, seconds until half of the runs "
        f"were, and requests that "
        f"failed at the "
        "candidate within the half hour, on average; a promoted candidate goes on failing. In brackets: rules that "
        "rolled back "
        "more than 1 % of good candidates at this rate of requests, averaged over the worlds, and more than Souk did. "
        "The last column compares Souk with the others."
    )
    yield ""
    for cells in (grid.WORSE, grid.WORSE_LATENCY):
        what = "and slower than the limit " if cells is grid.WORSE_LATENCY else ""
        if what:
            yield ""
            yield "Latency; failed or slower than 500 ms:"
            yield ""
        yield from _table(
            ("cell", *names, "Souk is behind"),
            (
                (
                    cell.name + ("" if cell.world is World.STEADY else f", {cell.world.value}"),
                    *(_found(results, cell, name) for name in names),
                    "; ".join(_compared(results, cell)) or "nobody",
                )
                for cell in cells
            ),
        )
    yield ""
    yield "![Failed requests by rule](canary-study/harm.svg)"


def _found(results: Results, cell: Cell, name: str) -> str:
    row = results.of([cell], name)[0]
    said = f"{row.rolled_back:.0%} {'–' if row.delay is None else f'{row.delay:.0f} s'} {row.harm:,.0f}"
    return said if _is_honest(results, cell, name) else f"({said})"


def _is_honest(results: Results, cell: Cell, name: str) -> bool:
    """Leaves good candidates alone at this rate: within 1 %, or as well as Souk."""

    def false(rule: str) -> float:
        cells = grid.ALIKE_LATENCY if cell.latency else grid.ALIKE
        rows = [row.rolled_back for row in results.of(cells, rule) if row.rate == cell.rate]
        return sum(rows) / len(rows)

    return false(name) <= max(HONEST, false(OURS))


def _compared(results: Results, cell: Cell) -> list[str]:
    """By whom, of those that may be compared, Souk is beaten in a cell, and in what."""
    ours = results.of([cell], OURS)[0]
    words = []
    for name in rules(results):
        other = results.of([cell], name)[0]
        if name == OURS or not _is_honest(results, cell, name):
            continue
        sooner = other.delay is not None and (ours.delay is None or other.delay < ours.delay)
        cheaper = other.harm < 0.97 * ours.harm
        if sooner or cheaper:
            words.append(f"{name} ({' and '.join(['time'] * sooner + ['harm'] * cheaper)})")
    return words


def _knobs(results: Results) -> Iterator[str]:
    yield ""
    yield "## Knobs"
    yield ""
    yield (
        "Every tool at its best: of all settings, the one with the least harm among those that roll back at most 1 % "
        "of good "
        "candidates in any cell for tuning, or the fewest where none does."
    )
    yield ""
    yield from _table(
        ("tool", "best setting", "false rollbacks, worst cell for tuning", "seconds to a rollback"),
        (
            (each.tool, f"`{each.knobs}`", f"{each.worst:.1%}", f"{each.delay:.0f}")
            for each in results.settings
            if each.chosen or each.knobs == "Souk(alpha=0.01)"
        ),
    )
    yield ""
    yield "![Speed against false rollbacks, all settings](canary-study/trade.svg)"


def _parts_of_the_rule(results: Results) -> Iterator[str]:
    yield ""
    yield "## What parts of the rule are worth"
    yield ""
    whole = {row.cell: row for row in results.ablations if row.rule == OURS}
    yield from _table(
        ("cell", "without", "rolled back, seconds, promoted", "with it"),
        (
            (f"{row.world.value}: {row.cell.name}", row.rule.removeprefix("without "), _end(row), _end(whole[row.cell]))
            for row in results.ablations
            if row.rule != OURS
        ),
    )
    yield ""
    yield (
        "Help at low traffic: windows are gathered until both versions have five attempts, and a single bad event is "
        "not bounded as "
        "a burst is. Dispersion in the bound: what one window may say shrinks with how much the baseline's pods "
        "differ, and is "
        "less where nothing tells it; without it the bound is ln 4. Clumps in gross failure: half of 20 attempts "
        "failing rolls back at once, and where attempts come in streams it takes half of 20 streams; how large "
        "streams are is told by how unevenly attempts fall to the versions. Holding back: no promotion while the "
        "evidence leans "
        "against the candidate, or twice the baseline's errors explain what was seen better than as many."
    )


def _end(row: Row) -> str:
    return f"{row.rolled_back:.1%} {'–' if row.delay is None else f'{row.delay:.0f} s'} {row.promoted:.0%}"


def _weak(results: Results) -> Iterator[str]:
    alike = {row.cell: row for row in results.of(grid.ALIKE, OURS)}
    cold = results.of(grid.COLD, OURS)
    streams = [row for row in alike.values() if row.world is World.STREAMS]
    slow = alike[Cell(World.STEADY, 0.5, 0.001)]
    inside = {row.rate: row for row in results.of(grid.WORSE, OURS) if row.errors == 0.005}
    yield ""
    yield "## Where it is weak"
    yield ""
    yield (
        f"- **Little traffic.** At 0.5 requests/s and 0.1 % of errors, {slow.promoted:.0%} of good candidates are "
        f"promoted in half an "
        "hour; the rest end without an answer, because 99 % of success can't be shown with so few requests. Generated "
        "load or a longer time box helps; a rule can't."
    )
    yield (
        f"- **Rises within the objective.** Five times the errors, 0.1 % to 0.5 % with an objective of 1 %, is "
        f"rolled back in "
        f"{inside[0.5].rolled_back:.0%}, {inside[2.0].rolled_back:.0%}, {inside[20.0].rolled_back:.0%} and "
        f"{inside[200.0].rolled_back:.0%} of the runs at 0.5, 2, 20 and 200 requests/s, and promoted in "
        f"{inside[0.5].promoted:.0%}, "
        f"{inside[2.0].promoted:.0%}, {inside[20.0].promoted:.0%} and {inside[200.0].promoted:.0%}."
    )
    yield (
        "- **Streams.** Where requests come in streams that fail together, a stream is the unit, not a request; at 2 "
        "requests/s "
        "these are 0.1 streams/s. Clumps may look like a wrong split, too: up to "
        f"{max(row.invalid for row in streams):.0%} of the runs in a cell end as invalid. At most "
        f"{max(row.rolled_back for row in streams):.1%} in a cell are rolled back falsely; until the candidate "
        "had its first streams, nothing tells that there are any."
    )
    yield (
        "- **A cold candidate** beside a warm baseline is worse for its first minute, and no rule knows why: "
        + ", ".join(f"{row.rolled_back:.1%} at {row.rate:g}/s" for row in cold)
        + " are rolled back. A baseline pod of the same age is the cure."
    )
    yield (
        "- **The first window that is bad.** One window never decides, short of half of 20 attempts failing: where "
        "several attempts fail in each, at least five do, and seven where the baseline has one pod. Windows of 1 or 2 "
        "s make that seconds; with a scrape every 15 s it is more than a minute."
    )
    yield (
        "- **Simulated**: arrivals are Poisson, attempts fail independently given the rate of that moment, latencies "
        "are lognormal and "
        "independent, and the weights act at once. Kayenta's interval is by order statistics, without R's correction "
        "for ties."
    )
    yield ""


def _runs(results: Results, names: Sequence[str]) -> str:
    runs = {row.runs for name in names for row in results.of(grid.ALIKE, name)}
    return f"{min(runs):,}" if len(runs) == 1 else f"{min(runs):,} to {max(runs):,}"


def _spread(rows: Iterable[Row]) -> str:
    parts = [row.rolled_back for row in rows]
    return f"{sum(parts) / len(parts):.1%}, {max(parts):.1%}"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    for line in (head, ["---"] * len(head), *rows):
        yield f"| {' | '.join(line)} |"
