"""The program itself, as a pod runs it."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

COMMAND = [sys.executable, "-m", "souk_order"]


def environment(database: Path) -> dict[str, str]:
    ports = {"GRPC_PORT": "0", "HEALTH_PORT": "0", "METRICS_PORT": "0", "LISTEN_HOST": "127.0.0.1"}
    peers = {f"{peer}_ADDRESS": "127.0.0.1:1" for peer in ("CATALOG", "INVENTORY", "PAYMENT")}
    return {**os.environ, **ports, **peers, "DATABASE_URL": f"sqlite:///{database}"}


def test_it_migrates_serves_and_ends_well_on_sigterm(tmp_path: Path) -> None:
    env = environment(tmp_path / "order.db")
    for _ in range(2):  # two versions may start at once, or one after the other
        subprocess.run([*COMMAND, "migrate"], env=env, check=True, timeout=30, capture_output=True)
    with subprocess.Popen(COMMAND, env=env, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        first = json.loads(process.stdout.readline())
        assert (first["event"], first["service"]) == ("serving", "order")
        process.send_signal(signal.SIGTERM)
        assert process.wait(30) == 0


def test_it_names_what_is_wrong_with_its_environment(tmp_path: Path) -> None:
    env = {**environment(tmp_path / "order.db"), "RESUME_AT_ONCE": "0"}
    answer = subprocess.run(COMMAND, env=env, check=False, timeout=30, capture_output=True, text=True)
    assert answer.returncode != 0
    assert "RESUME_AT_ONCE" in answer.stderr
