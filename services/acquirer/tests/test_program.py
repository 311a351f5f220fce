"""The program itself, as a pod runs it."""

from pathlib import Path

from souk_chassis.processes import completed, program


def test_it_migrates_serves_and_ends_well_on_sigterm(tmp_path: Path) -> None:
    database = f"sqlite:///{tmp_path}/acquirer.db"
    assert completed("souk_acquirer", "migrate", DATABASE_URL=database).returncode == 0
    with program("souk_acquirer", DATABASE_URL=database) as running:
        assert running.serving["service"] == "acquirer"
        running.stop()
