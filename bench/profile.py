"""Where the time of an order goes, from the spans of its calls and the processors' time of each process. Pure."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import median

SERVER, CLIENT = 2, 3
"""Kinds of a span, as OTLP numbers them."""


@dataclass(frozen=True)
class Span:
    """One end of one call."""

    trace: str
    span: str
    parent: str
    name: str
    service: str
    kind: int
    begin: int
    """ns."""
    end: int

    @property
    def milliseconds(self) -> float:
        """How long it took."""
        return (self.end - self.begin) / 1e6


@dataclass(frozen=True)
class Step:
    """A call that an order needs: medians over the orders, in ms."""

    what: str
    depth: int
    times: float
    """How often an order needs it, on the average."""
    whole: float
    """As its caller saw it."""
    way: float
    """Both ways between the two processes: two sidecars, and gRPC at both ends."""
    own: float
    """In the callee, less what it waited for others."""


def steps(spans: Iterable[Span], root: str) -> Sequence[Step]:
    """The calls below each server span of this name, in the order in which they are made."""
    traces: dict[str, list[Span]] = defaultdict(list)
    for span in spans:
        traces[span.trace].append(span)
    measured: dict[tuple[int, str], list[tuple[float, float, float]]] = defaultdict(list)
    roots = 0
    for trace in traces.values():
        by_parent: dict[str, list[Span]] = defaultdict(list)
        for span in sorted(trace, key=lambda each: each.begin):
            by_parent[span.parent].append(span)
        for span in trace:
            if span.kind == SERVER and span.name == root:
                roots += 1
                measured[0, f"{_short(root)} in {span.service}"].append((span.milliseconds, 0.0, _own(span, by_parent)))
                _descend(span, by_parent, 1, measured)
    return [
        Step(what, depth, len(found) / roots, *(median(each[part] for each in found) for part in range(3)))
        for (depth, what), found in measured.items()
    ]


def _descend(
    server: Span,
    by_parent: Mapping[str, Sequence[Span]],
    depth: int,
    measured: dict[tuple[int, str], list[tuple[float, float, float]]],
) -> None:
    for client in by_parent.get(server.span, ()):
        for callee in by_parent.get(client.span, ()):
            what = f"{_short(client.name)} in {callee.service}"
            way = client.milliseconds - callee.milliseconds
            measured[depth, what].append((client.milliseconds, way, _own(callee, by_parent)))
            _descend(callee, by_parent, depth + 1, measured)


def _own(server: Span, by_parent: Mapping[str, Sequence[Span]]) -> float:
    return server.milliseconds - sum(each.milliseconds for each in by_parent.get(server.span, ()))


def _short(name: str) -> str:
    return name.rsplit("/", 1)[-1]


@dataclass(frozen=True)
class Profile:
    """Of one engine."""

    engine: str
    whole: float
    """What the customer waits for an order, ms, the median, while traces are exported."""
    steps: Sequence[Step]
    processor: Mapping[str, float]
    """What an order costs of each process's processor time, ms, while many are placed at once."""

    def markdown(self) -> str:
        """Two tables."""
        root = self.steps[0]
        lines = [
            f"## {self.engine}",
            "",
            f"One customer at a time, every trace exported: {self.whole:.1f} ms, medians of the parts in ms.",
            "",
            "| call | times | as its caller saw it | on the way | in the callee itself |",
            "|---|---|---|---|---|",
            f"| REST, from the customer | 1 | {self.whole:.1f} | {self.whole - root.whole:.1f} | {root.own:.1f} |",
        ]
        for each in self.steps[1:]:
            called = "· " * each.depth + each.what
            lines.append(f"| {called} | {each.times:.3g} | {each.whole:.1f} | {each.way:.1f} | {each.own:.1f} |")
        way = self.whole - root.whole + sum(each.way * each.times for each in self.steps[1:])
        own = sum(each.own * each.times for each in self.steps)
        lines += [
            f"| **sum** | | | **{way:.1f}** | **{own:.1f}** |",
            "",
            f"16 customers at once: an order costs {sum(self.processor.values()):.1f} ms of processor time.",
            "",
            "| process | ms | share |",
            "|---|---|---|",
        ]
        total = sum(self.processor.values())
        for name, spent in sorted(self.processor.items(), key=lambda each: -each[1]):
            lines.append(f"| {name} | {spent:.2f} | {spent / total:.0%} |")
        return "\n".join([*lines, ""])
