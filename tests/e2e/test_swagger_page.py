"""The page over the OpenAPI document in a real browser that reaches no other host."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.ui import Select, WebDriverWait
from werkzeug.serving import make_server

from app import create_app
from app.accounts.roles import Role
from dev.parts.processes import free_port
from tests import threads
from tests.configuration import configuration
from tests.faults.site import Site

PASSWORD = "a password of the tests"
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
    "--host-resolver-rules=MAP localhost 127.0.0.1, MAP console.test 127.0.0.1, MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
)


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    """The URL of the application, which needs neither PostgreSQL nor storage for this page."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    server = make_server("127.0.0.1", port, create_app(configuration(server={"public_url": url})), threaded=True)
    serving = threads.start(server.serve_forever)
    yield url
    server.shutdown()
    threads.join(serving)
    server.server_close()


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the browser puts files."""
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory, downloads: Path) -> Iterator[webdriver.Chrome]:
    """A headless Chromium with a profile of its own."""
    chromium, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (chromium and driver):
        told = "no chromium and chromedriver on PATH (Debian: apt-get install chromium chromium-driver)"
        (pytest.fail if os.environ.get("CI") else pytest.skip)(told)
    chrome = started(chromium, driver, tmp_path_factory.mktemp("profile"))
    chrome.execute_cdp_cmd("Browser.setDownloadBehavior", {"behavior": "allow", "downloadPath": str(downloads)})
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
    operation = "#operations-health-get_liveness"
    page.find_element(By.CSS_SELECTOR, f"{operation} .opblock-summary-control").click()
    for control in (".try-out__btn", ".execute"):
        until(page, lambda control=control: page.find_elements(By.CSS_SELECTOR, f"{operation} {control}"))[0].click()
    shown = f"{operation} .live-responses-table .response-col_status"
    until(page, lambda: page.find_elements(By.CSS_SELECTOR, shown))
    assert page.find_elements(By.CSS_SELECTOR, shown)[-1].text.startswith("200")
    assert [entry for entry in page.get_log("browser") if entry["level"] == "SEVERE"] == []


class Operation:
    """One operation of the page, opened to be tried out."""

    def __init__(self, browser: webdriver.Chrome, name: str) -> None:
        self.browser = browser
        self.selector = f"[id$='-{name}'].opblock"
        self.click(".opblock-summary-control")
        self.click(".try-out__btn")

    def find(self, selector: str) -> WebElement:
        """The element within the operation, as soon as it is there."""
        found: list[WebElement] = until(
            self.browser, lambda: self.browser.find_elements(By.CSS_SELECTOR, f"{self.selector} {selector}")
        )
        return found[-1]

    def click(self, selector: str) -> None:
        """Click it; what the page has drawn over it plays no part."""
        self.browser.execute_script("arguments[0].click()", self.find(selector))

    def fill(self, **values: str) -> None:
        """Fill in parameters of the path, the query or the form."""
        for name, value in values.items():
            row = f"tr:is([data-param-name='{name}'], [data-property-name='{name}'])"
            field = self.find(f"{row} :is(input, select)")
            if field.tag_name == "select":
                Select(field).select_by_visible_text(value)
            else:
                field.send_keys(value)
                if field.get_attribute("type") != "file":
                    # The page takes in what was typed after a while, or when the field is left.
                    field.send_keys(Keys.TAB)

    def execute(self) -> tuple[int, str]:
        """The status and the body that the page shows."""
        self.click(".execute")
        status = self.find(".live-responses-table tbody .response-col_status").text.split()[0]
        shown = f"{self.selector} .live-responses-table .highlight-code code"
        bodies = self.browser.find_elements(By.CSS_SELECTOR, shown)
        return int(status), bodies[0].text if bodies else ""


def authorize(browser: webdriver.Chrome, token: str) -> None:
    """Put the token into the page's form for it."""
    browser.find_element(By.CSS_SELECTOR, ".btn.authorize").click()
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".auth-container input"))[0].send_keys(token)
    browser.find_element(By.CSS_SELECTOR, ".auth-btn-wrapper .authorize").click()
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".btn-done"))[0].click()


def open_page(browser: webdriver.Chrome, url: str) -> None:
    """Load the page anew."""
    browser.get("about:blank")
    browser.get(url)
    until(browser, lambda: browser.find_elements(By.CSS_SELECTOR, ".opblock"))


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_from_the_login_to_the_download(
    browser: webdriver.Chrome, site: Site, downloads: Path, tmp_path: Path, host: str
) -> None:
    """By either name of the machine: log in, authorize, reload, upload by form and by PUT, download."""
    url = f"http://{host}:{site.service.port}/swagger"
    name = f"page-{host}"
    site.parts.accounts.create_user(name, PASSWORD, Role.PUBLISHER)
    open_page(browser, url)
    login = Operation(browser, "login")
    body = login.find("textarea.body-param__text")
    body.clear()
    body.send_keys(json.dumps({"username": name, "password": PASSWORD}))
    status, answer = login.execute()
    assert status == 200, answer
    authorize(browser, json.loads(answer)["token"])

    open_page(browser, url)
    assert Operation(browser, "get_me").execute()[0] == 200

    file = tmp_path / "agent.bin"
    file.write_bytes(b"\x7fELF by the page")
    upload = Operation(browser, "upload_package")
    upload.fill(name=name, version="1.0.0", platform="linux", arch="amd64", file=str(file))
    status, answer = upload.execute()
    assert status == 201, answer
    package = json.loads(answer)

    put = Operation(browser, "put_file")
    put.fill(name=name, version="1.1.0", platform="linux", arch="amd64", file_name="agent.bin")
    put.find("input[type=file]").send_keys(str(file))
    status, answer = put.execute()
    assert status == 201, answer

    download = Operation(browser, "download_package")
    download.fill(package_id=str(package["id"]))
    assert download.execute()[0] == 200
    download.click(".live-responses-table a[download]")
    until(browser, lambda: [kept for kept in downloads.iterdir() if kept.read_bytes() == file.read_bytes()])
    for kept in downloads.iterdir():
        kept.unlink()
