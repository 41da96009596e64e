"""A roll-out's page in the browser: it goes along by itself, its dialogs act, and it holds what every page does."""

import os
from pathlib import Path

import pytest
from selenium.webdriver.common.by import By

from app.console.pages import rollouts
from tests.api.rollouts.staged import Staged
from tests.console.browser import Browser
from tests.console.everywhere.test_shots import take


def opened(browser: Browser, staged: Staged) -> Browser:
    """The page of the newest roll-out, for an admin."""
    return browser.be("admin").visit(f"rollouts/{staged.last()['id']}", "rollout")


def test_axe_and_widths(browser: Browser, stopped: Staged, tmp_path: Path) -> None:
    """axe finds nothing in either theme or within a dialog, nothing sticks out; pictures go to OPAMP_SHOTS."""
    opened(browser, stopped)
    folder = Path(os.environ.get("OPAMP_SHOTS") or tmp_path)
    found: dict[object, list[str]] = {}
    for theme in ("light", "dark"):
        browser.theme(theme)
        found[theme] = browser.axe()
    take(browser, folder, "rollout")
    browser.script("document.getElementById('do-rollback').showModal()")
    found["dialog"] = browser.axe()
    browser.script("document.getElementById('do-rollback').close()")
    for width in (320, 400, 500, 860, 1180, 1440):
        browser.width(width)
        found[width] = browser.overflow()
    assert {where: what for where, what in found.items() if what} == {}


def test_figures_of_a_large_one_come_by_themselves(
    browser: Browser, stopped: Staged, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page is there before what is counted over its agents; that it is over ends the asking, not the figures."""
    monkeypatch.setattr(rollouts, "AT_ONCE", 5)
    opened(browser, stopped)
    browser.until(lambda: "exec format error" in browser.text())
    browser.assert_clean()
    stopped.act("rollback")
    opened(browser, stopped)
    browser.until(lambda: browser.all("[data-brake]"))
    browser.assert_clean()


def test_the_brake_shows_by_itself(browser: Browser, running: Staged) -> None:
    """When too many fail, the open page turns red and says why."""
    opened(browser, running)
    canaries = [agent for agent in running.agents if agent.uid in running.offers]
    running.fail(*canaries[:3], error="exec format error")
    browser.until(lambda: "The brake has stopped it" in browser.text())
    assert "exec format error" in browser.text()
    browser.assert_clean()


def test_a_new_one(browser: Browser, running: Staged) -> None:
    """The list's button names the channels whose changes are rolled out, and leads to the editor of one."""
    browser.be("publisher").visit("rollouts", "rollouts")
    browser.one("[data-open='new-rollout']").click()
    browser.follows(browser.one("#new-rollout li a").click)
    assert (browser.page, browser.path) == ("channel-editor", "/ui/channels/stable/edit")
    browser.assert_clean()


def test_rolling_back_by_the_dialog(browser: Browser, stopped: Staged) -> None:
    """The button opens a dialog that asks why; its press sends all back, and the page says so."""
    opened(browser, stopped)
    browser.one("[data-open='do-rollback']").click()
    dialog = browser.one("#do-rollback")
    dialog.find_element(By.NAME, "reason").send_keys("does not install")
    browser.follows(dialog.find_element(By.CSS_SELECTOR, "footer button:not([data-close])").click)
    assert stopped.last()["state"] == "rolled_back"
    assert "does not install" in browser.text()
    browser.assert_clean()
