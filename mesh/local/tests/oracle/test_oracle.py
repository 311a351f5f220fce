"""What the local mesh tells a proxy is what istiod tells it, case by case; `make oracle` asks istiod anew."""

from __future__ import annotations

import pytest
from souk_oracle.answers import names
from souk_oracle.case import case_names, read_case
from souk_oracle.trial import judged, world_case

CASES = case_names()


@pytest.mark.parametrize("name", CASES)
def test_the_local_mesh_does_as_istiod_says(name: str) -> None:
    case = read_case(name)
    verdict = judged(case)
    if verdict.differences:
        shown = "\n  ".join(map(str, verdict.differences[:20]))
        pytest.fail(f"{name}: {case.header.case}\n  {shown}", pytrace=False)
    for path in verdict.needless:
        pytest.fail(f"{name}: differs: nothing differs at {path}: remove it", pytrace=False)


def test_no_answer_is_left_of_a_case_that_is_gone() -> None:
    worlds = (world_case(read_case(name).header) for name in CASES)
    assert set(names()) == {*CASES, *(each.name for each in worlds if each)}
