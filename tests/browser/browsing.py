"""A real Chromium without a screen, and what it did: its requests, and what its console says."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService

_FLAGS = (
    "--headless",
    "--no-sandbox",  # CI runs as root, which Chromium's sandbox refuses
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    # Else it calls home at every start.
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,1600",
)
_PATIENCE_SECONDS = 30


@dataclass(frozen=True)
class Traffic:
    """What a page has asked for."""

    urls: tuple[str, ...]
    """Of every request, in their order; data: URLs are none."""
    failures: tuple[str, ...]
    """The requests that got no answer, with Chromium's reason, and those that got an error from HTTP."""


@dataclass
class Browser:
    """One window, with a profile of its own."""

    driver: Chrome
    _messages: list[Any] = field(default_factory=list)

    def traffic(self) -> Traffic:
        """All requests since the window was opened."""
        # Chromium hands out each message once.
        self._messages += [json.loads(one["message"])["message"] for one in self.driver.get_log("performance")]  # type: ignore[no-untyped-call]
        started = (one["params"] for one in self._messages if one["method"] == "Network.requestWillBeSent")
        urls = {one["requestId"]: one["request"]["url"] for one in started}
        failures: list[str] = []
        for message in self._messages:
            parameters = message["params"]
            match message["method"]:
                # What has no beginning is Chromium's own: it looks for its maker when it starts.
                case "Network.loadingFailed" if parameters["requestId"] in urls:
                    failures.append(f"{urls[parameters['requestId']]}: {parameters['errorText']}")
                case "Network.responseReceived" if parameters["response"]["status"] >= 400:
                    failures.append(f"{parameters['response']['url']}: {parameters['response']['status']}")
        asked = (url for url in urls.values() if not url.startswith(("data:", "chrome:", "about:")))
        return Traffic(tuple(asked), tuple(failures))

    def complaints(self) -> Sequence[str]:
        """The errors of the console since the last time this was asked; what a policy forbids is among them."""
        said = self.driver.get_log("browser")  # type: ignore[no-untyped-call]
        return [one["message"] for one in said if one["level"] == "SEVERE"]


@contextmanager
def opened(profile: Path) -> Iterator[Browser]:
    """A window until the end of the block; without Chromium the test is skipped, except in CI, where it fails."""
    chromium, driver = _installed("chromium"), _installed("chromedriver")
    options = ChromeOptions()
    options.binary_location = chromium
    for flag in (*_FLAGS, f"--user-data-dir={profile}"):
        options.add_argument(flag)
    options.accept_insecure_certs = True  # a cluster's ingress may have signed its own
    options.set_capability("goog:loggingPrefs", {"performance": "ALL", "browser": "ALL"})
    window = Chrome(options, ChromeService(driver))
    window.set_page_load_timeout(_PATIENCE_SECONDS)
    window.set_script_timeout(_PATIENCE_SECONDS)
    try:
        yield Browser(window)
    finally:
        window.quit()


def _installed(program: str) -> str:
    if found := shutil.which(program):
        return found
    missing = f"{program} is not installed: `apt install chromium chromium-driver`"
    if os.environ.get("CI") == "true":
        pytest.fail(missing)
    pytest.skip(missing)
