"""A release of a service whose migrations would break the version that runs beside it is refused."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.mesh import ROOT

VERSIONS = "services/inventory/src/souk_inventory/migrations/versions"
HEAD = 'import sqlalchemy as sa\nfrom alembic import op\n\nrevision = "{}"\n{}\n\ndef upgrade() -> None:\n    {}\n'
EXPANDING = 'op.add_column("stock", sa.Column("shelf", sa.String(20)))'
CONTRACTING = 'op.drop_column("stock", "reserved")'


@dataclass(frozen=True)
class Checkout:
    """A clone of this repository, in which the inventory was released once."""

    root: Path

    def git(self, *arguments: str) -> None:
        identity = ("-c", "user.name=t", "-c", "user.email=t@localhost")
        subprocess.run(["git", *identity, *arguments], cwd=self.root, check=True, capture_output=True)

    def migration(self, number: str, upgrade: str, unused_since: str = "") -> None:
        said = f'unused_since = "{unused_since}"\n' if unused_since else ""
        (self.root / VERSIONS / f"{number}_change.py").write_text(HEAD.format(number, said, upgrade))

    def release(self, version: str) -> None:
        project = self.root / "services/inventory/pyproject.toml"
        project.write_text(project.read_text().replace('version = "1.0.0"', f'version = "{version}"'))
        self.git("add", "-A")
        self.git("commit", "-qm", version)
        self.git("tag", f"inventory/v{version}")

    def judged(self) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, str(ROOT / "scripts/migrations.py"), "--root", str(self.root)],
            check=False,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )


@pytest.fixture
def checkout(tmp_path: Path) -> Checkout:
    checkout = Checkout(tmp_path / "clone")
    subprocess.run(["git", "clone", "-q", "--shared", "--sparse", str(ROOT), str(checkout.root)], check=True)
    checkout.git("sparse-checkout", "set", "services")
    checkout.release("1.1.0")
    return checkout


def test_this_repository_keeps_the_rule() -> None:
    done = subprocess.run([sys.executable, ROOT / "scripts/migrations.py"], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.parametrize(
    "upgrade",
    [
        EXPANDING,
        'op.add_column("stock", sa.Column("shelf", sa.String(20), nullable=False, server_default=""))',
        'op.create_table("shelf", sa.Column("name", sa.String(20), primary_key=True))',
        'op.create_index("stock_by_shelf", "stock", ["on_hand"])',
        """op.execute("UPDATE stock SET reserved = 0 WHERE reserved < 0")""",
        'op.alter_column("stock", "shelf", nullable=True)',
    ],
)
def test_what_adds_without_asking_for_it_is_welcome(checkout: Checkout, upgrade: str) -> None:
    checkout.migration("0002", upgrade)
    done = checkout.judged()
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("upgrade", "what"),
    [
        (CONTRACTING, "drops a column"),
        ('op.drop_table("stock")', "drops a table"),
        ('op.rename_table("stock", "pieces")', "renames a table"),
        ('op.alter_column("stock", "reserved", new_column_name="held")', "renames a column"),
        ('op.alter_column("stock", "reserved", nullable=False)', "forbids NULL"),
        ('op.alter_column("stock", "reserved", type_=sa.Integer)', "changes the type"),
        ('op.create_unique_constraint("one", "stock", ["on_hand"])', "forbids rows"),
        ('op.create_index("one", "stock", ["on_hand"], unique=True)', "forbids rows"),
        ('op.execute("ALTER TABLE stock DROP COLUMN reserved")', "runs DROP COLUMN"),
        ('with op.batch_alter_table("stock") as batch:\n        batch.drop_column("reserved")', "drops a column"),
    ],
)
def test_what_takes_away_or_forbids_is_refused_unless_it_says_since_when_nobody_uses_it(
    checkout: Checkout, upgrade: str, what: str
) -> None:
    checkout.migration("0002", upgrade)
    refused = checkout.judged()
    assert refused.returncode == 1
    assert f"0002_change.py:{9 if 'batch' in upgrade else 8}: " in refused.stdout
    assert what in refused.stdout

    checkout.migration("0002", upgrade, unused_since="1.0.0")
    assert checkout.judged().returncode == 0


def test_a_new_column_that_the_version_before_can_not_fill_is_refused_whatever_is_said(checkout: Checkout) -> None:
    column = 'op.add_column("stock", sa.Column("shelf", sa.String(20), nullable=False))'
    checkout.migration("0002", column, unused_since="1.0.0")
    refused = checkout.judged()
    assert refused.returncode == 1
    assert "give it a server_default, or allow NULL" in refused.stdout


@pytest.mark.parametrize("version", ["1.1.0", "2.0.0", "soon"])
def test_nobody_uses_it_since_a_version_that_was_released_before(checkout: Checkout, version: str) -> None:
    checkout.migration("0002", CONTRACTING, unused_since=version)
    assert "released before 1.1.0" in checkout.judged().stdout


def test_one_release_does_not_both_expand_and_contract(checkout: Checkout) -> None:
    checkout.migration("0002", EXPANDING)
    checkout.migration("0003", CONTRACTING, unused_since="1.0.0")
    refused = checkout.judged()
    assert refused.returncode == 1
    assert "0003_change.py:9: drops a column, and 0002_change.py of the same release expands" in refused.stdout


def test_what_was_released_is_not_judged_again(checkout: Checkout) -> None:
    checkout.migration("0002", EXPANDING)
    checkout.git("add", "-A")
    checkout.git("commit", "-qm", "expand")
    checkout.git("tag", "inventory/v1.2.0")
    checkout.migration("0003", CONTRACTING, unused_since="1.0.0")
    assert checkout.judged().returncode == 0


def test_a_table_that_the_migration_makes_itself_may_be_bound_as_it_likes(checkout: Checkout) -> None:
    table = 'op.create_table("shelf", sa.Column("name", sa.String(20)))'
    checkout.migration("0002", f'{table}\n    op.create_unique_constraint("one", "shelf", ["name"])')
    assert checkout.judged().returncode == 0
