"""`make oracle`: asks istiod about all cases, or about some, and writes its answers down."""

from __future__ import annotations

import hashlib
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path

from souk_oracle import answers, istiod
from souk_oracle.case import Case, CaseError, case_names, read_case
from souk_oracle.projection.sections import Projection
from souk_oracle.scene import scene
from souk_oracle.trial import projected, world_case


def main(wanted: Sequence[str]) -> int:
    """Asks about the cases whose names begin with one of `wanted`; about all, and nothing is left behind, if empty."""
    names = [name for name in case_names() if not wanted or name.startswith(tuple(wanted))]
    if not names:
        print(f"error: no case is called {' or '.join(wanted)}", file=sys.stderr)
        return 1
    try:
        cases = [read_case(name) for name in names]
        failures = _ask(cases)
    except (CaseError, istiod.Broken) as error:
        print(f"error: {error}", file=sys.stderr)
        return 1
    if not wanted:
        _clean(cases)
    return 1 if failures else 0


def _ask(cases: Sequence[Case]) -> int:
    worlds = {each.name: each for each in (world_case(case.header) for case in cases) if each is not None}
    asked = {**worlds, **{each.name: each for each in cases}}
    scenes = {name: scene(each) for name, each in asked.items()}
    given: dict[str, Projection] = {}
    failures = changed = 0
    for name, answer in istiod.ask(_program(), scenes):
        if isinstance(answer, istiod.Refused):
            failures += 1
            print(f"{name}: istiod refuses it: {answer}", file=sys.stderr)
            continue
        whole = projected(answer, scenes[name])
        given[name] = whole
        compared: Projection = {section: whole[section] for section in asked[name].header.compare}
        world = world_case(asked[name].header)
        before = given.get(world.name) if world and name not in worlds else None
        if answers.write(name, compared, before):
            changed += 1
            print(f"answers/{name}.json")
    answers.VERSION.write_text(f"{istiod.version(_go())}\n")
    print(f"{len(scenes)} asked, {changed} answers are new or other than before, {failures} refused")
    return failures


def _clean(cases: Iterable[Case]) -> None:
    kept = {each.name for each in cases} | {answers.world_answer(each.header) for each in cases}
    for name in answers.names():
        if name not in kept:
            answers.remove(name)


def _program() -> Path:
    """The program, compiled anew only when its source is another; all working trees share it."""
    source = hashlib.sha256(b"".join(each.read_bytes() for each in sorted(istiod.MODULE.iterdir()))).hexdigest()[:16]
    folder = Path(os.environ.get("XDG_CACHE_HOME", Path.home() / ".cache")) / "souk"
    program = folder / f"istiod-{source}"
    if not program.exists():
        print("compiling istiod: several minutes the first time")
        folder.mkdir(parents=True, exist_ok=True)
        istiod.build(_go(), program)
    return program


def _go() -> Path:
    found = shutil.which("go")
    if found is None:
        raise CaseError("there is no `go`: run `make env`")
    return Path(found)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
