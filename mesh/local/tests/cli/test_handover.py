"""`souk canary` is another tool of the tree, in an environment of its own."""

from __future__ import annotations

from pathlib import Path

from mesh_command import Souk

from souk_mesh.installation import Installation


def test_the_tool_gets_the_arguments_as_they_are_and_its_exit_code_is_the_commands(fresh: Souk, tmp_path: Path) -> None:
    given = Installation.find()
    tree = tmp_path / "tree"
    for needed in (given.python, given.kustomize):
        link = tree / needed.relative_to(given.root)
        link.parent.mkdir(parents=True)
        link.symlink_to(needed)
    missing = fresh("canary", "run", "payment", SOUK_ROOT=str(tree))
    assert missing.code == 1
    assert "souk-canary is missing\n  run `scripts/environment" in missing.err
    program = tree / ".souk/canary-venv/bin/souk-canary"
    program.parent.mkdir(parents=True)
    program.write_text('#!/bin/sh\necho "$@"\nexit 3\n')
    program.chmod(0o755)
    done = fresh("canary", "run", "payment", "--help", SOUK_ROOT=str(tree))
    assert (done.code, done.out) == (3, "run payment --help\n")


def test_it_is_listed_among_the_commands(fresh: Souk) -> None:
    assert "canary " in fresh("--help").out
