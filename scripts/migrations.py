"""Refuses a release of a service whose migrations would break the version before it, which runs beside it for a while.

A release either expands its database (adds what the version before need not know) or contracts it (takes away what the
version before no longer uses), never both; docs/migrations.md. What belongs to a release are the migrations that came
since the service's last tag `<service>/v…`; before the first one, since the point where this branch left main.
"""

from __future__ import annotations

import argparse
import ast
import re
import subprocess
import sys
import tomllib
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
MIGRATIONS = "src/souk_{service}/migrations/versions"
# What Alembic's operations, also those of a batch, take away or forbid, whatever their arguments are.
CONTRACTING = {
    "drop_table": "drops a table",
    "drop_column": "drops a column",
    "rename_table": "renames a table",
    "create_check_constraint": "forbids rows that were allowed",
    "create_exclude_constraint": "forbids rows that were allowed",
    "create_foreign_key": "forbids rows that were allowed",
    "create_primary_key": "forbids rows that were allowed",
    "create_unique_constraint": "forbids rows that were allowed",
}
SQL = re.compile(
    r"\b(DROP\s+(TABLE|COLUMN|SCHEMA|TYPE|VIEW)|RENAME|SET\s+NOT\s+NULL|TRUNCATE|ADD\s+CONSTRAINT)\b", re.I
)
VERSION = re.compile(r"\d+\.\d+\.\d+")


@dataclass(frozen=True)
class Contraction:
    """One thing that a migration takes away or forbids."""

    line: int
    what: str


@dataclass(frozen=True)
class Migration:
    """What one migration does to those who use the database."""

    path: Path
    contractions: tuple[Contraction, ...]
    expands: bool
    unused_since: str
    """From which version on nobody uses what it takes away, as the migration says."""


def main() -> int:
    """Judges every service of a checkout; returns the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--root", type=Path, default=ROOT, help="the checkout to judge")
    root: Path = parser.parse_args().root
    problems = [
        problem
        for project in sorted(root.glob("services/*/pyproject.toml"))
        for problem in judge(
            [read(path) for path in of_this_release(root, project.parent.name)],
            tomllib.loads(project.read_text())["project"]["version"],
        )
    ]
    for problem in problems:
        print(f"error: {problem}", file=sys.stderr)
    return int(bool(problems))


def of_this_release(root: Path, service: str) -> Sequence[Path]:
    """The migrations of a service that its last release didn't have."""
    folder = root / "services" / service / MIGRATIONS.format(service=service)
    relative = folder.relative_to(root).as_posix()
    baseline = git(root, "describe", "--tags", "--abbrev=0", "--match", f"{service}/v*")
    baseline = baseline or git(root, "merge-base", "HEAD", "origin/main") or "HEAD"
    released = set(git(root, "ls-tree", "-r", "--name-only", baseline, "--", relative).splitlines())
    return sorted(path for path in folder.glob("*.py") if path.relative_to(root).as_posix() not in released)


def judge(migrations: Sequence[Migration], version: str) -> Iterator[str]:
    """What is wrong with the migrations of one release, each with its line."""
    contracting = [migration for migration in migrations if migration.contractions]
    expanding = [migration for migration in migrations if migration.expands]
    for migration in contracting:
        first = migration.contractions[0]
        where = f"{migration.path}:{first.line}: {first.what}"
        if expanding:
            yield (
                f"{where}, and {expanding[0].path.name} of the same release expands\n"
                "  release the expansion first; contract when no version before it can come back"
            )
        elif not VERSION.fullmatch(migration.unused_since) or number(migration.unused_since) >= number(version):
            yield (
                f"{where}: which version was the first that didn't use it?\n"
                f'  write `unused_since = "<version>"` into the migration, one that was released before {version}'
            )


def read(path: Path) -> Migration:
    """What a migration does, by its text; nothing is imported."""
    module = ast.parse(path.read_text(), str(path))
    (upgrade,) = [each for each in module.body if isinstance(each, ast.FunctionDef) and each.name == "upgrade"]
    calls = [each for each in ast.walk(upgrade) if isinstance(each, ast.Call) and isinstance(each.func, ast.Attribute)]
    made = {text(call.args[0]) for call in calls if operation(call) == "create_table" and call.args}
    # A table that the migration itself makes is nobody's yet.
    judged = [(call, contraction(call)) for call in calls if not (named(call) & made)]
    return Migration(
        path,
        tuple(Contraction(call.lineno, what) for call, what in judged if what),
        expands=any(operation(call) in ("add_column", "create_table") for call in calls),
        unused_since=constant(module, "unused_since"),
    )


def contraction(call: ast.Call) -> str:
    """What a call takes away or forbids, or nothing."""
    given = {keyword.arg: keyword.value for keyword in call.keywords}
    match operation(call):
        case "alter_column":
            return alteration(given)
        case "add_column" if requires_a_value(call):
            return "adds a column that the version before doesn't fill: give it a server_default, or allow NULL"
        case "create_index" if is_constant(given.get("unique"), True):
            return "forbids rows that were allowed"
        case "execute" if found := SQL.search(" ".join(text(each) for each in ast.walk(call))):
            return f"runs {found[0]}"
        case name:
            return CONTRACTING.get(name, "")


def alteration(given: Mapping[str | None, ast.expr]) -> str:
    """What a change of a column takes away or forbids, or nothing."""
    if "new_column_name" in given:
        return "renames a column"
    if is_constant(given.get("nullable"), False):
        return "forbids NULL in a column that is there"
    return "changes the type of a column" if "type_" in given else ""


def requires_a_value(call: ast.Call) -> bool:
    """Whether the column that a call adds must be filled by whoever adds a row."""
    columns = [each for each in call.args if isinstance(each, ast.Call)]
    given = {keyword.arg: keyword.value for column in columns for keyword in column.keywords}
    return is_constant(given.get("nullable"), False) and "server_default" not in given


def operation(call: ast.Call) -> str:
    """The name of the method that is called."""
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def named(call: ast.Call) -> set[str]:
    """The tables that a call may be about: its texts."""
    return {found for each in call.args if (found := text(each))}


def text(node: ast.AST) -> str:
    """A text that is written out, or nothing."""
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def is_constant(node: ast.AST | None, value: object) -> bool:
    """Whether just this value is written out."""
    return isinstance(node, ast.Constant) and node.value is value


def constant(module: ast.Module, name: str) -> str:
    """The text that a name of a module stands for, or nothing."""
    for each in module.body:
        if isinstance(each, ast.Assign) and any(isinstance(to, ast.Name) and to.id == name for to in each.targets):
            return text(each.value)
    return ""


def number(version: str) -> tuple[int, ...]:
    """A version by which it can be compared."""
    return tuple(map(int, version.split(".")))


def git(root: Path, *arguments: str) -> str:
    """What git answers, or nothing where it finds nothing."""
    done = subprocess.run(["git", *arguments], cwd=root, check=False, capture_output=True, text=True)
    return done.stdout.strip() if done.returncode == 0 else ""


if __name__ == "__main__":
    raise SystemExit(main())
