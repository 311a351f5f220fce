"""A definition says what it means, or the reader says what is wrong with it, where, and what is allowed."""

from __future__ import annotations

from pathlib import Path

import pytest

from souk_canary.definition import BadDefinition, read

DEFINITIONS = Path(__file__).parent.parent / "definitions"

GOOD = """\
experiment: payment
service: payment
baseline: v1
candidate: v2
steps:
  - {percent: 10, duration: 500ms}
  - {percent: 50, duration: 2m}
window: 500ms
timebox: 1h
slo: {errors: 0.1%}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "definition.yaml"
    path.write_text(text)
    return path


@pytest.mark.parametrize("path", sorted(DEFINITIONS.glob("*.yaml")), ids=lambda path: path.stem)
def test_every_definition_that_is_committed_can_be_used(path: Path) -> None:
    assert read(path).steps


def test_durations_and_shares_are_read_in_their_units(tmp_path: Path) -> None:
    definition = read(written(tmp_path, GOOD))
    assert [step.duration for step in definition.steps] == [0.5, 120]
    assert definition.timebox == 3600
    assert definition.slo.errors == pytest.approx(0.001)


@pytest.mark.parametrize(
    ("before", "after", "complaint"),
    [
        (
            "percent: 10",
            "percents: 10",
            ":6: steps[0].percents: there is no such field\n  allowed here: percent, duration",
        ),
        ("percent: 10, ", "", ":6: steps[0].percent: is missing"),
        ("percent: 10", "percent: 101", ":6: steps[0].percent: input should be less than or equal to 100"),
        ("percent: 10", "percent: '10'", ":6: steps[0].percent: input should be a valid integer"),
        ("duration: 2m", "duration: 120", ":7: steps[1].duration: a duration is a number with its unit"),
        ("errors: 0.1%", "errors: 0.001", ":10: slo.errors: a share is written in percent: 1% or 0.1%"),
        ("candidate: v2", "candidate: v1", "baseline and candidate are both v1"),
        ("percent: 50", "percent: 10", "do not rise"),
        ("timebox: 1h", "timebox: 1m", "the steps alone take 122.5s"),
        (
            "errors: 0.1%",
            "slow: {than: 5ms, at_most: 1%}",
            "is below criteria.quick (0.01s): what is quick is not slow",
        ),
        ("duration: 500ms", "duration: 100ms", "none may be shorter than a window (0.5s)"),
        ("steps:", "steps: [", "is not YAML"),
    ],
)
def test_a_mistake_is_named_with_its_line_and_what_is_allowed(
    tmp_path: Path, before: str, after: str, complaint: str
) -> None:
    path = written(tmp_path, GOOD.replace(before, after, 1))
    with pytest.raises(BadDefinition) as refused:
        read(path)
    assert str(refused.value).startswith(str(path))
    assert complaint in str(refused.value)


def test_a_file_that_is_not_there_is_said_to_be_missing(tmp_path: Path) -> None:
    with pytest.raises(BadDefinition, match=r"none\.yaml: No such file"):
        read(tmp_path / "none.yaml")
