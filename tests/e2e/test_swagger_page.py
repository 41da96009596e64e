"""The page over the OpenAPI document in a real browser that reaches no other host."""

import os
import shutil
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.support.ui import WebDriverWait
from werkzeug.serving import make_server

from app import create_app
from dev.parts.processes import free_port
from tests.configuration import configuration

PATIENCE = 30
"""Seconds that a busy machine may take to draw the page."""

OPTIONS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
    "--window-size=1400,2000",
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The URL of the application, which needs neither PostgreSQL nor storage for this page."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = make_server("127.0.0.1", port, create_app(configuration(server={"public_url": url})), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield url
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a profile of its own."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        told = "no chromium and chromedriver on PATH (Debian: apt-get install chromium chromium-driver)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)
    chrome = started(chromium, driver, tmp_path_factory.mktemp("profile"))
    yield chrome
    chrome.quit()


def started(chromium: str, driver: str, profile: Path) -> webdriver.Chrome:
    """A browser whose console is kept."""
    options = webdriver.ChromeOptions()
    options.binary_location = chromium
    for option in (*OPTIONS, f"--user-data-dir={profile}"):
        options.add_argument(option)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(driver))


@pytest.fixture
def page(browser: webdriver.Chrome, service: str) -> webdriver.Chrome:
    """The browser with the page drawn."""
    browser.get(f"{service}/swagger")
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".opblock"))
    return browser


def until(browser: webdriver.Chrome, condition: Callable[[], Any]) -> Any:
    """What `condition` gives as soon as that is something."""
    return WebDriverWait(browser, PATIENCE).until(lambda _: condition())


def test_every_operation_is_drawn(page: webdriver.Chrome, service: str) -> None:
    """The page draws each operation of the document, without a complaint of the browser."""
    fetched = "return fetch('openapi.json').then(answer => answer.json())"
    paths: dict[str, dict[str, Any]] = page.execute_script(fetched)["paths"]
    documented = sum(1 for methods in paths.values() for method in methods if method != "parameters")
    until(page, lambda: len(page.find_elements(By.CSS_SELECTOR, ".opblock")) == documented)
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


def test_nothing_comes_from_elsewhere(page: webdriver.Chrome, service: str) -> None:
    """Every file that the page loads is the service's own."""
    script = "return performance.getEntriesByType('resource').map(entry => entry.name)"
    loaded = page.execute_script(script)
    assert len(loaded) >= 4
    assert [name for name in loaded if not name.startswith((f"{service}/", "data:"))] == []


def test_try_it_out(page: webdriver.Chrome) -> None:
    """An operation can be carried out from the page, and its answer is shown."""
    operation = "#operations-health-get_health_live"
    page.find_element(By.CSS_SELECTOR, f"{operation} .opblock-summary-control").click()
    for control in (".try-out__btn", ".execute"):
        until(page, lambda control=control: page.find_elements(By.CSS_SELECTOR, f"{operation} {control}"))[0].click()
    shown = f"{operation} .live-responses-table .response-col_status"
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, shown))
    assert page.find_elements(By.CSS_SELECTOR, shown)[-1].text.startswith("200")
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []
