"""A channel and a policy whose name is `new`, where the editors of new ones stand."""

from collections.abc import Iterator

import pytest

from tests.api.signatures.signing import policy
from tests.console.browser import Browser
from tests.console.catalogue import api
from tests.console.fleet.fleet import put
from tests.console.site import Console

KINDS = {"channels": "channel", "policies": "policy"}


@pytest.fixture(scope="module", autouse=True)
def named(console: Console) -> Iterator[None]:
    """Both, each with this name."""
    client = api(console)
    put(client, "new", {"site": "nowhere"})
    policy(client, "new", packages=["nothing-of-this-name"], mode="off")
    yield
    for kind in KINDS:
        client.delete(f"/api/v1/{kind}/new")


@pytest.mark.parametrize("kind", KINDS)
def test_from_the_list(browser: Browser, kind: str) -> None:
    """The list leads to its page, that to its editor, and saving back to its page."""
    name = KINDS[kind]
    browser.be("admin").visit(kind, kind)
    browser.follows(browser.one(f'[data-{name}="new"] a').click)
    assert (browser.page, browser.text("h1")) == (name, "new")
    browser.follows(browser.one(f'a[href="/ui/{kind}/new/edit"]').click)
    assert (browser.page, browser.text("h1")) == (f"{name}-editor", "Edit new")
    if kind == "policies":
        browser.follows(browser.one('#plan [formaction$="/plan"]').click)
        assert browser.text("h1") == "Edit new"
    browser.until(lambda: browser.text("#save").startswith("Save"))
    browser.follows(browser.one("#save").click)
    assert (browser.page, browser.path) == (name, f"/ui/{kind}/new/page")


@pytest.mark.parametrize("kind", KINDS)
def test_the_editor_of_a_new_one(browser: Browser, kind: str) -> None:
    """It stands where it did."""
    browser.be("admin").visit(f"{kind}/new", f"{KINDS[kind]}-editor")
    assert browser.text("h1") == f"New {KINDS[kind]}"
