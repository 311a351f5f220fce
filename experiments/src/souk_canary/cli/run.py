"""Runs an experiment, and leaves a record of it."""

from __future__ import annotations

import secrets
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

from souk_canary import facts, report
from souk_canary.cli.failures import Failed
from souk_canary.cli.past import conclude
from souk_canary.cli.progress import audience
from souk_canary.cli.tree import tree
from souk_canary.clock import WallClock
from souk_canary.definition import Then, read
from souk_canary.guardian import Charge, guarded
from souk_canary.load import Generator, LoadError
from souk_canary.places import Code, Metrics, Place
from souk_canary.record import Calls
from souk_canary.runner import Course, Runner
from souk_canary.sources.endings import is_bad
from souk_canary.steering import survey
from souk_canary.versions.documents import BASELINE, CANDIDATE

NOT_IN_ORDER = 1
"""The exit code when weights or proxies are not as they should be at the end, whatever the answer was."""

AS_IT_WAS = Then(promote="before", roll_back="before", inconclusive="before")
"""Two versions of code are there only for the experiment: whatever comes out, requests go where they went before."""


def run(name: str, place: Place, metrics: Metrics | None, code: Code | None, reports: Path) -> int:
    """Runs the experiment of a definition, and returns the exit code."""
    path = _find(name)
    definition = read(path)
    if code is not None:
        definition = definition.model_copy(update={"baseline": BASELINE, "candidate": CANDIDATE, "then": AS_IT_WAS})
    holder = f"{definition.experiment}-{datetime.now(UTC):%Y%m%d-%H%M%S}-{secrets.token_hex(2)}"
    home = place.home()
    with ExitStack() as stack:
        charge = Charge(place=place, namespace=definition.namespace, holder=holder, side_by_side=code is not None)
        if code is not None:
            versions = place.side_by_side(definition, code, tree())
            home.list("VirtualService", definition.namespace)  # else a guardian would wait for a mesh that is not there
            stack.enter_context(guarded(charge))  # before there is anything that a run which is killed would leave
            stack.enter_context(versions)
        ground = survey(home, definition)
        source = place.source(definition, ground, metrics)
        known = facts.gathered(home, str(place), definition, ground)
        load = stack.enter_context(place.load(definition.load, path.parent)) if definition.load else None
        clock = WallClock()
        stack.enter_context(clock.rung_by_signals())
        if code is None:
            stack.enter_context(guarded(charge))
        watching = stack.enter_context(audience(definition))
        runner = Runner(
            definition, ground=ground, holder=holder, home=home, source=source, clock=clock, audience=watching
        )
        course = runner.run()
        calls = _calls(load, course) if load is not None else None
    tried = {"code": f"{code.candidate} against {code.baseline}"} if code is not None else {}
    record = course.record(
        holder,
        definition,
        before=ground.before,
        versions=known.versions,
        calls=calls,
        environment={**known.environment, **tried},
    )
    conclude(record, report.write(record, reports / holder))
    return NOT_IN_ORDER if record.problems else record.verdict.outcome.exit_code


def _find(name: str) -> Path:
    path = Path(name)
    if path.suffix in (".yaml", ".yml"):
        return path
    folder = tree() / "experiments" / "definitions"
    found = folder / f"{name}.yaml"
    if not found.exists():
        there = ", ".join(sorted(each.stem for each in folder.glob("*.yaml"))) or "none"
        raise Failed(
            f"there is no definition {name} in {folder}\n  there are: {there}; or name a file that ends in .yaml"
        )
    return found


def _calls(load: Generator, course: Course) -> Calls | None:
    """What the callers noticed of the run."""
    try:
        ended = load.report.ended
    except LoadError as error:
        course.problems.append(str(error))
        return None
    return Calls(made=sum(ended.values()), failed=sum(count for how, count in ended.items() if is_bad(how)))
