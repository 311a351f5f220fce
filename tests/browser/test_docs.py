"""The page at /docs, as a person meets it: through the ingress, in a browser, with no other host to be reached."""

from __future__ import annotations

import json
from urllib.parse import urlsplit

from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from tests.browser.browsing import Browser
from tests.homes import Home
from tests.rest import Rest

PATIENCE_SECONDS = 30
OPERATION = "CatalogService_GetProduct"


def seen(browser: Browser, selector: str) -> str:
    """The text of an element, once it is there."""
    wait = WebDriverWait(browser.driver, PATIENCE_SECONDS)
    return str(wait.until(lambda driver: driver.find_element(By.CSS_SELECTOR, selector)).text)


def test_a_browser_that_comes_to_the_first_page_is_shown_every_call_and_asks_nobody_else(
    browser: Browser, home: Home
) -> None:
    browser.driver.get(f"http://{home.address}/")

    assert seen(browser, ".info .title").startswith("Souk")
    assert urlsplit(browser.driver.current_url)[1:3] == (home.address, "/docs")
    shown = browser.driver.find_elements(By.CSS_SELECTOR, ".opblock")
    document = json.loads(browser.driver.execute_async_script(FETCH, "/openapi.json"))
    assert len(shown) == sum(len(operations) for operations in document["paths"].values())
    traffic = browser.traffic()
    assert "/openapi.json" in [urlsplit(url).path for url in traffic.urls]
    assert {urlsplit(url).netloc for url in traffic.urls} == {home.address}
    assert list(traffic.failures) == []
    assert browser.complaints() == []


def test_a_call_that_is_tried_on_the_page_is_answered_there(browser: Browser, home: Home, rest: Rest) -> None:
    browser.driver.get(f"http://{home.address}/docs")

    operation = f"#operations-CatalogService-{OPERATION}"
    seen(browser, operation)
    browser.driver.find_element(By.CSS_SELECTOR, operation).click()
    seen(browser, f"{operation} .execute")
    browser.driver.find_element(By.CSS_SELECTOR, f"{operation} tr[data-param-name] input").send_keys("saffron")
    browser.driver.find_element(By.CSS_SELECTOR, f"{operation} .execute").click()

    shown = seen(browser, f"{operation} .live-responses-table .response-col_description .microlight")
    assert json.loads(shown) == rest.get("/v1/products/saffron").body
    assert list(browser.traffic().failures) == []
    assert browser.complaints() == []


def test_what_another_host_offers_is_not_loaded_by_the_page(browser: Browser, home: Home) -> None:
    browser.driver.get(f"http://{home.address}/docs")

    # The same port by another name is another origin; the policy, not the missing host, must be what stands in the way.
    port = home.address.rpartition(":")[2]
    said = browser.driver.execute_async_script(FETCH, f"http://localhost:{port}/openapi.json")

    assert said.startswith("TypeError")
    assert any("Content Security Policy" in complaint for complaint in browser.complaints())


FETCH = """
const done = arguments[arguments.length - 1];
fetch(arguments[0]).then((answer) => answer.text()).then(done, (error) => done(String(error)));
"""
