"""A service says what is wrong with its environment, and does not start."""

import os
import subprocess
import sys

import pytest
from souk_chassis.settings import ServiceSettings


class Settings(ServiceSettings):
    """As a service declares them."""

    service_name: str = "echo"
    peer_address: str


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ServiceSettings.model_fields:
        monkeypatch.delenv(name.upper(), raising=False)
    monkeypatch.setenv("DATABASE_URL", "sqlite:////data/echo.db")
    monkeypatch.setenv("PEER_ADDRESS", "peer:50051")


@pytest.mark.usefixtures("environment")
def test_the_defaults_are_those_of_a_pod(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings()
    assert (settings.listen_host, settings.grpc_port, settings.health_port, settings.metrics_port) == (
        "0.0.0.0",
        50051,
        50052,
        9090,
    )
    assert (settings.workers, settings.drain_seconds, settings.service_name) == (32, 20, "echo")
    monkeypatch.setenv("GRPC_PORT", "6000")
    assert Settings().grpc_port == 6000


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    ("variable", "value", "complaint"),
    [
        ("DATABASE_URL", None, "DATABASE_URL: is not set"),
        ("DATABASE_URL", "mysql://root:1234@db/x", "DATABASE_URL: must start with sqlite:/// or postgresql+psycopg://"),
        ("PEER_ADDRESS", "", "PEER_ADDRESS: is not set"),
        ("GRPC_PORT", "http", "GRPC_PORT: Input should be a valid integer"),
        ("GRPC_PORT", "70000", "GRPC_PORT: Input should be less than or equal to 65535"),
        ("WORKERS", "0", "WORKERS: Input should be greater than or equal to 1"),
        ("LOG_LEVEL", "loud", "LOG_LEVEL: Input should be 'DEBUG', 'INFO', 'WARNING' or 'ERROR'"),
    ],
)
def test_a_wrong_variable_is_named_with_what_is_wrong(
    monkeypatch: pytest.MonkeyPatch, variable: str, value: str | None, complaint: str
) -> None:
    monkeypatch.delenv(variable, raising=False)
    if value is not None:
        monkeypatch.setenv(variable, value)
    with pytest.raises(SystemExit) as caught:
        Settings()
    assert complaint in str(caught.value)
    assert "1234" not in str(caught.value)


@pytest.mark.usefixtures("environment")
def test_all_that_is_wrong_is_said_at_once_without_a_traceback(monkeypatch: pytest.MonkeyPatch) -> None:
    program = "from souk_chassis.settings import ServiceSettings; ServiceSettings()"
    wrong = {**os.environ, "GRPC_PORT": "x", "DATABASE_URL": ""}
    done = subprocess.run(
        [sys.executable, "-c", program], env=wrong, capture_output=True, text=True, timeout=30, check=False
    )
    assert done.returncode == 1
    assert "GRPC_PORT" in done.stderr
    assert "DATABASE_URL" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.usefixtures("environment")
@pytest.mark.parametrize(
    "url",
    [
        "sqlite:///beside.db",
        "postgresql+psycopg://order@postgres:5432/order",
        "postgresql+psycopg://order:a%2Fb%3Ac%40@db.example/order?sslmode=verify-full",
        "postgresql+psycopg://order@[::1]:5432/order",
        "postgresql+psycopg://order@/order?host=/run/postgresql",
    ],
)
def test_urls_of_databases_are_taken_as_they_are(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    monkeypatch.setenv("DATABASE_URL", url)
    assert Settings().database_url == url
