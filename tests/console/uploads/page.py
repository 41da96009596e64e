"""The upload page in a browser, and the line to the service through a proxy that counts and cuts."""

import contextlib
import math
import random
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement

from tests.console.browser import PATIENCE, Browser
from tests.console.site import Console
from tests.faults.client import Client
from tests.faults.proxy import Proxy, proxying
from tests.faults.site import make_token

MIB = 1 << 20
MINUTES = 300
"""Seconds that a large file, or many, may take on a busy machine."""

HEAD = 16 << 10
"""Bytes: what comes at once and has more is part of a file."""


@dataclass(frozen=True)
class Line(Console):
    """The console through a proxy: what leaves the browser is counted, slowed down and cut."""

    proxy: Proxy
    counter: "Counter"

    @property
    def url(self) -> str:
        """The proxy's address."""
        return f"http://{self.proxy.address}"


class Counter:
    """Counts the bytes that leave the browser; `rate`, bytes a second, holds back those of all connections together."""

    def __init__(self) -> None:
        self.bytes = 0
        self.rate = 0.0
        self._free_at = 0.0
        self._most = math.inf
        self._changed = threading.Condition()
        self._held = 0

    def __call__(self, block: bytes) -> bool:
        """Take a block in; it goes on when there is room for it."""
        with self._changed:
            before = self.bytes
            self.bytes += len(block)
            now = time.monotonic()
            self._free_at = max(now, self._free_at) + (len(block) / self.rate if self.rate else 0)
            pause = self._free_at - now if self.rate else 0
            if len(block) > HEAD:
                self._wait(before)
        time.sleep(pause)
        return True

    def hold(self, after: float) -> None:
        """Let `after` more bytes go, and hold back what follows: an upload stands still there, small requests pass."""
        with self._changed:
            self._most = self.bytes + after

    def let_go(self) -> None:
        """Hold nothing back."""
        with self._changed:
            self._most = math.inf
            self._changed.notify_all()

    def until_held(self) -> None:
        """Return when a block is held back."""
        with self._changed:
            assert self._changed.wait_for(lambda: self._held, MINUTES), f"{self.bytes} bytes have come"

    def _wait(self, before: int) -> None:
        if before < self._most:
            return
        self._held += 1
        self._changed.notify_all()
        self._changed.wait_for(lambda: before < self._most)
        self._held -= 1


@contextlib.contextmanager
def line_to(console: Console) -> Iterator[Line]:
    """A line to the service."""
    counter = Counter()
    with proxying(console.service.port) as proxy:
        proxy.watch = counter
        parts = {each.name: getattr(console, each.name) for each in fields(Console)}
        try:
            yield Line(**parts, proxy=proxy, counter=counter)
        finally:
            counter.let_go()


def api(console: Console, role: str = "admin") -> Client:
    """A client of the API."""
    return Client(console.service.url, make_token(console.app, console.parts, role))


def file_of(path: Path, size: int, seed: object = None) -> Path:
    """A file of `size` bytes that nothing else has, or that all of the same seed have."""
    path.parent.mkdir(parents=True, exist_ok=True)
    generator = random.Random(str(seed) if seed is not None else None)
    with path.open("wb") as file:
        for at in range(0, size, MIB):
            file.write(generator.randbytes(min(MIB, size - at)))
    return path


class UploadPage:
    """The page, drawn and ready."""

    def __init__(self, browser: Browser, path: str = "upload") -> None:
        self.browser = browser
        browser.visit(path)
        browser.until(lambda: browser.all("[data-uploads][data-ready]"))

    def choose(self, *paths: Path) -> "UploadPage":
        """Choose files."""
        [control] = self.browser.all("[data-uploads] input[type=file][multiple]")
        control.send_keys("\n".join(map(str, paths)))
        return self

    def drop(self, *paths: Path) -> None:
        """Drop files and folders on the page."""
        data = {"items": [], "files": [str(path) for path in paths], "dragOperationsMask": 1}
        for kind in ("dragEnter", "dragOver", "drop"):
            event = {"type": kind, "x": 500, "y": 300, "data": data}
            self.browser.chrome.execute_cdp_cmd("Input.dispatchDragEvent", event)

    def row(self, name: str) -> WebElement:
        """The row of the file of this name, as soon as it is there."""
        found: WebElement = self.browser.until(lambda: next(iter(self.browser.all(f'[data-upload="{name}"]')), None))
        return found

    @property
    def states(self) -> dict[str, str]:
        """The state of each row, by file name."""
        script = "return [...document.querySelectorAll('[data-upload]')].map(({dataset: d}) => [d.upload, d.state])"
        return dict(self.browser.script(script))

    def until(self, *states: str, names: Sequence[str] = ()) -> dict[str, str]:
        """Wait until each row, or those of `names`, has one of these states."""

        def reached() -> dict[str, str] | None:
            now = self.states
            looked_at = [now.get(name, "absent") for name in names] if names else list(now.values())
            return now if looked_at and all(state in states for state in looked_at) else None

        try:
            found: dict[str, str] = self.browser.until(reached)
        except Exception as error:
            raise AssertionError(f"not {states}: {self.states}\n{self.text}") from error
        return found

    @property
    def text(self) -> str:
        """What the queue shows."""
        return str(self.browser.script("return document.querySelector('[data-uploads]').innerText"))

    def told(self, name: str) -> str:
        """What a row shows; rows in a closed fold, too."""
        return str(self.browser.script("return arguments[0].textContent", self.row(name)))

    def press(self, name: str, does: str) -> None:
        """Press a row's button."""
        selector = f'[data-upload="{name}"] [data-do={does}]'
        self.browser.one(selector).click()

    def sent(self, name: str) -> float:
        """The part of a file that its bar shows, 0 to 1, of what is sent."""
        script = "return arguments[0].querySelector('progress[data-of=upload]')?.value ?? 0"
        return float(self.browser.script(script, self.row(name)))

    def until_sent(self, name: str, part: float) -> None:
        """Wait until so much of a file is sent."""
        self.browser.until(lambda: self.sent(name) >= part)

    def fill(self, name: str, **fields: str) -> None:
        """Fill in a row's fields and go on."""
        self.browser.one(f'[data-upload="{name}"] form')
        for field, value in fields.items():
            control = self.row(name).find_element(By.CSS_SELECTOR, f"[name={field}]")
            self.browser.script("arguments[0].value = arguments[1]", control, value)
        self.row(name).find_element(By.CSS_SELECTOR, "form .primary").click()


def packages(console: Console, name: str) -> list[dict[str, Any]]:
    """What is published of a package."""
    listed: list[dict[str, Any]] = api(console).get(f"/packages?name={name}&limit=500").json()
    return listed


def eventually(condition: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """What `condition` gives as soon as that is something."""
    deadline = time.monotonic() + seconds
    while not (found := condition()) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert found, "it does not come"
    return found
