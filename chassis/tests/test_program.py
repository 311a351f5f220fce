"""What `python -m` does for every stall."""

import threading
from pathlib import Path
from textwrap import dedent

import pytest
from souk_chassis.processes import completed

MAIN = """
    from souk_chassis.program import run

    run("souk_stand")
"""
SERVING = """
    from souk_chassis.settings import ServiceSettings

    class Settings(ServiceSettings):
        peer_address: str

    def serve(settings: Settings) -> None:
        print(f"{settings.service_name} serves beside {settings.peer_address}")
"""


@pytest.fixture(autouse=True)
def stand(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A stall without a schema."""
    (tmp_path / "souk_stand" / "migrations" / "versions").mkdir(parents=True)
    (tmp_path / "souk_stand" / "__main__.py").write_text(dedent(MAIN))
    (tmp_path / "souk_stand" / "serving.py").write_text(dedent(SERVING))
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    monkeypatch.setenv("DATABASE_URL", f"sqlite:///{tmp_path}/stand.db")


def test_without_arguments_it_serves_under_the_name_of_its_package() -> None:
    assert completed("souk_stand", PEER_ADDRESS="peer:1").stdout == "stand serves beside peer:1\n"


def test_it_does_not_serve_without_its_settings() -> None:
    answer = completed("souk_stand")
    assert answer.returncode != 0
    assert "PEER_ADDRESS: is not set" in answer.stderr


def test_it_migrates_without_the_settings_that_only_serving_needs() -> None:
    answer = completed("souk_stand", "migrate")
    assert (answer.returncode, answer.stderr) == (0, "")


def test_it_says_what_it_understands() -> None:
    answer = completed("souk_stand", "sreve")
    assert answer.returncode != 0
    assert answer.stderr == "usage: python -m souk_stand [migrate]\n"


@pytest.mark.parametrize(
    ("url", "why"),
    [
        ("postgresql+psycopg://stand:secret@127.0.0.1:9/stand", "Connection refused"),
        ("postgresql+psycopg://stand:secret@nowhere.invalid/stand", "nowhere.invalid"),
        ("sqlite:////nowhere/stand.db", "unable to open database file"),
        ("postgresql+psycopg://stand:sec:ret/1@db/stand", "in a password, / is %2F"),
    ],
)
def test_a_database_that_is_not_there_is_told_in_one_line_without_the_password(url: str, why: str) -> None:
    answer = completed("souk_stand", "migrate", DATABASE_URL=url, DATABASE_WAIT_SECONDS="0")

    assert answer.returncode == 1
    *_, line = answer.stderr.splitlines()
    assert line.startswith(("error: the database at DATABASE_URL can't be opened: ", "  DATABASE_URL: "))
    assert why in line
    assert "Traceback" not in answer.stderr
    assert "secret" not in answer.stderr


def test_a_database_that_comes_while_it_is_waited_for_is_migrated(tmp_path: Path) -> None:
    folder = tmp_path / "later"
    comes = threading.Timer(1.5, folder.mkdir)
    comes.start()

    answer = completed("souk_stand", "migrate", DATABASE_URL=f"sqlite:///{folder}/stand.db")

    comes.join()
    assert (answer.returncode, answer.stderr) == (0, "")
    assert "database can't be opened yet" in answer.stdout
    assert (folder / "stand.db").exists()
