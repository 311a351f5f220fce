"""The report as a page: the answer first, then what it rests on."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC
from html import escape
from importlib.resources import files
from string import Template

import yaml

from souk_canary.counts import Arm
from souk_canary.record import Record, Version
from souk_canary.report import figures
from souk_canary.report.quantiles import quantile
from souk_canary.report.sequences import interval

QUANTILES = (0.5, 0.95, 0.99)


def page(record: Record) -> str:
    """The whole page."""
    here, definition = files("souk_canary.report"), record.definition
    outcome = record.verdict.outcome.value
    begun = f"{record.begun.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"
    versions = f"{definition.service} {definition.candidate} against {definition.baseline}"
    facts = [f"<div><b>{escape(value)}</b><span>{escape(text)}</span></div>" for value, text in _facts(record)]
    return Template((here / "page.html").read_text()).substitute(
        title=escape(f"{outcome}: {definition.service} {definition.candidate}"),
        style=(here / "style.css").read_text(),
        subject=escape(f"{versions} · {definition.experiment} · {begun}"),
        kind=outcome.lower().replace(" ", "-"),
        outcome=escape(outcome),
        why=escape(_sentence(record.verdict.why)),
        problems="".join(f'<p class="problem">{escape(problem)}</p>' for problem in record.problems),
        facts="".join(facts),
        figures="\n".join(_figures(record)),
        tables="\n".join(_tables(record)),
    )


def _facts(record: Record) -> Iterable[tuple[str, str]]:
    candidate = record.definition.candidate
    counted = record.baseline.attempts + record.candidate.attempts
    rest = sum(arm.attempts for arm in record.uncounted)
    yield f"{record.length:.1f} s", "from the first change to the last"
    yield f"{counted + rest:,}", f"attempts seen, {counted:,} of them counted"
    yield f"{record.failed:,}", f"attempts that {candidate} failed: at most so many users noticed"
    if record.calls is not None:
        yield f"{record.calls.failed:,}", f"calls that failed for good, of {record.calls.made:,} that the tool made"
    shown = " ".join(f"{subset}={weight}" for subset, weight in record.after.items())
    yield shown or "unknown", "weights at the end"


def _figures(record: Record) -> Iterable[str]:
    yield _card(
        "Weights",
        "The line is what every proxy routes by, the dots the attempts that arrived. What fails is tried again, so "
        "that a failing version has more of them.",
        figures.weights(record),
    )
    if not record.windows:
        yield _card("No window was counted", "There is nothing to show of what the versions did.", "")
        return
    yield _card(
        "Evidence against the candidate",
        "How many times likelier the counts are if it is worse. A good one crosses the line in 1 % of runs at most.",
        figures.evidence(record),
    )
    yield _card(
        "Errors",
        "Share of failed attempts so far. The bands hold at all moments at once with 95 % confidence.",
        figures.error_rates(record),
    )
    yield _card(
        "Latency",
        "Share of the attempts that took longer. Further right or higher is slower.",
        figures.latencies(record),
    )


def _tables(record: Record) -> Iterable[str]:
    definition = record.definition
    compared = _table(("", definition.baseline, definition.candidate), _compared(record))
    yield _card("What was counted", "", compared, wide=True)
    yield _card("What happened", "", _table(("second", ""), [(f"{each.at:.1f}", each.text) for each in record.moments]))
    rows = [("", *_titles(record.versions)), ("images", *("\n".join(each.images) or "–" for each in record.versions))]
    rows += [("pods", *(str(each.pods) for each in record.versions))]
    rows += [("labels", *(_labels(each) for each in record.versions))]
    environment = _table(("", ""), list(record.environment.items()))
    written = yaml.safe_dump(definition.model_dump(mode="json", exclude_defaults=True), sort_keys=False)
    details = f"<details><summary>The definition</summary><pre>{escape(written)}</pre></details>"
    yield _card("Versions and environment", "", _table(rows[0], rows[1:]) + environment + details)


def _compared(record: Record) -> list[Sequence[str]]:
    arms = record.baseline, record.candidate
    bounds = record.windows[0].window.bounds if record.windows else ()
    rows: list[Sequence[str]] = [
        ("attempts", *(f"{arm.attempts:,}" for arm in arms)),
        ("failed", *(f"{arm.bad:,}" for arm in arms)),
        ("error rate, with its 95 % confidence sequence", *(_rate(arm) for arm in arms)),
    ]
    rows += [(f"p{100 * part:g} latency", *(quantile(arm, bounds, part) for arm in arms)) for part in QUANTILES]
    codes = sorted({code for arm in arms for code in arm.codes})
    rows += [(f"ended as {code}", *(f"{arm.codes.get(code, 0):,}" for arm in arms)) for code in codes]
    rows += [("not counted: attempts, failed", *(f"{arm.attempts:,}, {arm.bad:,}" for arm in record.uncounted))]
    return rows


def _rate(arm: Arm) -> str:
    if not arm.attempts:
        return "–"
    low, high = interval(arm.attempts, arm.bad)
    return f"{arm.bad / arm.attempts:.2%} ({low:.2%} to {high:.2%})"


def _titles(versions: Sequence[Version]) -> Iterable[str]:
    return [version.subset for version in versions]


def _labels(version: Version) -> str:
    return ", ".join(f"{name}={value}" for name, value in version.labels.items())


def _sentence(text: str) -> str:
    sentence = text[:1].upper() + text[1:]
    return sentence if sentence.endswith(".") else f"{sentence}."


def _card(title: str, note: str, content: str, *, wide: bool = False) -> str:
    said = f'<p class="note">{escape(note)}</p>' if note else ""
    return f'<figure class="card{" wide" if wide else ""}"><h2>{escape(title)}</h2>{said}{content}</figure>'


def _table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    titles = "".join(f"<th>{escape(title)}</th>" for title in head)
    first = f"<tr>{titles}</tr>" if any(head) else ""
    body = "".join(f"<tr>{''.join(f'<td>{escape(cell)}</td>' for cell in row)}</tr>" for row in rows)
    return f'<div class="scroll"><table>{first}{body}</table></div>'
