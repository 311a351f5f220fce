"""The program itself, as a pod runs it."""

from pathlib import Path

from souk_chassis.processes import completed, program


def test_it_migrates_serves_and_ends_well_on_sigterm(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/order.db"
    assert completed("souk_order", "migrate", DATABASE_URL=database).returncode == 0
    peers = {f"{peer}_ADDRESS": "127.0.0.1:1" for peer in ("CATALOG", "INVENTORY", "PAYMENT")}
    with program("souk_order", DATABASE_URL=database, **peers) as running:
        assert running.serving["service"] == "order"
        running.stop()


def test_it_names_what_is_wrong_with_its_environment() -> None:
    answer = completed("souk_order", DATABASE_URL="sqlite:///unused.db", RESUME_AT_ONCE="0")
    assert answer.returncode != 0
    assert "RESUME_AT_ONCE" in answer.stderr
