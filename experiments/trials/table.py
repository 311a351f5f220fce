"""What came of the series, as a page."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from statistics import median

from souk_canary.record import Record
from trials.cases import Case

HEAD = """\
# The rule on the real local mesh

Written by `make canary-trials`: each run is an experiment of its own with Envoy, the real services and load of
{rate:g} calls a second, by the definition `experiments/definitions/payment.yaml`. Delay: from the first confirmed
split until the verdict. Failed: attempts that the candidate failed until the weights were right again.

| version 2 is | runs | as it should be | outcomes | delay, s: median (least to most) | failed: median (least to most) |
|---|---|---|---|---|---|
"""


def page(found: Sequence[tuple[Case, Sequence[Record]]]) -> str:
    """The whole page."""
    rates = {record.definition.load.rate for _, records in found for record in records if record.definition.load}
    lines = [_line(case, records) for case, records in found if records]
    every = [_run(case, record) for case, records in found for record in records]
    runs = "\n## Every run\n\n| version 2 is | outcome | delay, s | failed | why |\n|---|---|---|---|---|\n"
    return HEAD.format(rate=max(rates, default=0)) + "\n".join(lines) + "\n" + runs + "\n".join(every) + "\n"


def delay(record: Record) -> float:
    """Seconds from the first confirmed split until the verdict; 0 if none was ever confirmed."""
    verdict = next(each.at for each in record.moments if each.text.startswith(record.verdict.outcome.value))
    return verdict - record.splits[0].at if record.splits else 0.0


def _line(case: Case, records: Sequence[Record]) -> str:
    outcomes = Counter(record.verdict.outcome for record in records)
    shown = ", ".join(f"{count} {outcome.value}" for outcome, count in outcomes.most_common())
    delays = _spread([delay(record) for record in records], "{:.1f}")
    failed = _spread([record.failed for record in records], "{:.0f}")
    return f"| {case.title} | {len(records)} | {outcomes[case.expected]} | {shown} | {delays} | {failed} |"


def _run(case: Case, record: Record) -> str:
    why = record.verdict.why.replace("|", "/").replace("\n", " ")
    return f"| {case.title} | {record.verdict.outcome.value} | {delay(record):.1f} | {record.failed} | {why} |"


def _spread(values: Sequence[float], shape: str) -> str:
    return f"{shape.format(median(values))} ({shape.format(min(values))} to {shape.format(max(values))})"
