"""Yank, restore and delete: one and many, typed, refused, twice; and the download."""

import hashlib
import urllib.request

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.console.browser import Browser
from tests.console.catalogue import LATEST, LINUX, MAIN, api, publish
from tests.console.site import COOKIE, Console

NAME = "changed-agent"


@pytest.fixture
def published(empty_console: Console) -> list[int]:
    """Three files of one version, and one of the version before; their ids."""
    new = [publish(empty_console, NAME, "2.0.0", target, f"bytes {target}".encode()) for target in LINUX[:3]]
    return [*new, publish(empty_console, NAME, "1.0.0")]


def latest(console: Console) -> int:
    """The status of the latest for linux/amd64."""
    return api(console).get(f"/api/v1/packages/latest?name={NAME}&platform=linux&arch=amd64").status_code


def change(client: FlaskClient, what: str, ids: list[int], **fields: str) -> TestResponse:
    """POST a change of these files."""
    return client.post(f"/ui/files/{what}", data={"id": ids, **fields})


def test_yank_and_restore(browser: Browser, empty_console: Console, published: list[int]) -> None:
    """A version chosen in the list is yanked with a reason: list, matrix and latest change; and back again."""
    browser.be("publisher").visit(f"packages/{NAME}", "package")
    assert not browser.one("[value=yank]").is_enabled()
    browser.one("[data-version='2.0.0'] [type=checkbox]").click()
    browser.follows(browser.one("[value=yank]").click)
    assert browser.page == "change"
    browser.one("#reason").send_keys("it crashes")
    browser.follows(browser.one(".decide .primary").click)
    assert "3 files were yanked" in browser.text()
    assert browser.page == "version"
    browser.visit(f"packages/{NAME}", "package")
    assert {cell.get_attribute("data-state") for cell in browser.all("[data-cell^='2.0.0']")} == {"yanked"}
    shown = api(empty_console).get(f"/api/v1/packages/latest?name={NAME}&platform=linux&arch=amd64").get_json()
    assert shown["version"] == "1.0.0"
    answer = change(empty_console.client("publisher"), "restore", published)
    assert (answer.status_code, answer.headers["Location"]) == (303, f"/ui/packages/{NAME}?told=restored&files=4")


def test_delete_asks_for_what_goes(browser: Browser, empty_console: Console, published: list[int]) -> None:
    """The button is dead until name and version are typed exactly; then the version is gone."""
    browser.be("admin").visit(f"files/change?change=delete&name={NAME}&version=2.0.0", "change")
    button = browser.one(".decide .stop")
    assert not button.is_enabled()
    browser.one("#confirm").send_keys(f"{NAME} 2.0.")
    assert not button.is_enabled()
    browser.one("#confirm").send_keys("0")
    browser.follows(button.click)
    assert "3 files were deleted" in browser.text()
    assert [row.get_attribute("data-version") for row in browser.all("[data-version]")] == ["1.0.0"]


def test_what_it_does(catalogue: Console, admin: FlaskClient) -> None:
    """Before a change the page says which version channels offer then, who pins it, and which agents have it."""
    path = f"/ui/files/change?name={MAIN}"
    yank = admin.get(f"{path}&change=yank&version={LATEST}").text
    assert f"The channel stable offers the latest: that is 0.118.0 then, instead of {LATEST}." in yank
    assert f"40 agents have {MAIN} {LATEST}. They keep it." in yank
    delete = admin.get(f"{path}&change=delete&version=0.120.0-rc.1").text
    assert "The channel beta pins 0.120.0-rc.1, which refuses the delete." in delete


def test_another_confirmation(empty_console: Console, published: list[int], admin: FlaskClient) -> None:
    """Whatever script there is: another text than the one asked for is 422, what was typed stays, nothing is gone."""
    answer = change(admin, "delete", published[:3], confirm="yes", reason="a reason of mine")
    assert answer.status_code == 422
    assert 'value="yes"' in answer.text
    assert "a reason of mine" in answer.text
    assert latest(empty_console) == 200


def test_several_versions_are_confirmed_together(
    empty_console: Console, published: list[int], admin: FlaskClient
) -> None:
    """Of several versions the number is asked for; when nothing is left the list of packages says so."""
    assert change(admin, "delete", published, confirm=f"{NAME} 2.0.0").status_code == 422
    answer = change(admin, "delete", published, confirm=f"{NAME} 2 versions")
    assert (answer.status_code, answer.headers["Location"]) == (303, "/ui/packages?told=deleted&files=4")


def test_each_has_its_result(empty_console: Console, published: list[int], admin: FlaskClient) -> None:
    """The last file of a version that a channel pins is refused by 409 with its name; the others are gone."""
    pin = {"match": {"a": "b"}, "packages": [{"name": NAME, "version": "2.0.0"}]}
    assert api(empty_console).put("/api/v1/channels/pinning", json=pin).status_code == 201
    answer = change(admin, "delete", published, confirm=f"{NAME} 2 versions")
    assert answer.status_code == 409
    assert "The channel pinning pins this version" in answer.text
    assert (answer.text.count('data-result="refused"'), answer.text.count('data-result="done"')) == (3, 1)
    listed = api(empty_console).get(f"/api/v1/packages?name={NAME}").get_json()
    assert {file["id"] for file in listed} == set(published[:3])


def test_twice(empty_console: Console, published: list[int], admin: FlaskClient) -> None:
    """A delete that is sent again tells that the files are gone already."""
    assert change(admin, "delete", published[3:], confirm=f"{NAME} 1.0.0").status_code == 303
    assert change(admin, "delete", published[3:], confirm=f"{NAME} 1.0.0").status_code == 404


def test_only_admins_delete(empty_console: Console, published: list[int], publisher: FlaskClient) -> None:
    """A publisher is shown no delete, and is refused by 403 that names the role."""
    assert "Delete…" not in publisher.get(f"/ui/packages/{NAME}").text
    answer = change(publisher, "delete", published[:3], confirm=f"{NAME} 2.0.0")
    assert answer.status_code == 403
    assert "role admin" in answer.text
    assert publisher.get(f"/ui/files/change?change=delete&id={published[0]}").status_code == 403


def test_download(empty_console: Console, published: list[int]) -> None:
    """The file's bytes come by the session's cookie, a range of them too, under the policy of downloads."""
    url = f"{empty_console.url}/ui/files/{published[0]}/download"
    cookie = {"Cookie": f"{COOKIE}={empty_console.session('agent')}"}
    with urllib.request.urlopen(urllib.request.Request(url, headers=cookie), timeout=30) as answer:
        content = answer.read()
        assert "sandbox" in answer.headers["Content-Security-Policy"]
    file = api(empty_console).get(f"/api/v1/packages/{published[0]}").get_json()
    assert hashlib.sha256(content).hexdigest() == file["checksum"]
    with urllib.request.urlopen(
        urllib.request.Request(url, headers={**cookie, "Range": "bytes=2-4"}), timeout=30
    ) as answer:
        assert (answer.status, answer.read()) == (206, content[2:5])


def test_the_checksum_is_copied(browser: Browser, empty_console: Console, published: list[int]) -> None:
    """The copy button copies the whole SHA-256, over plain http by another name too, where there is no clipboard."""
    port = empty_console.service.port
    browser.be("agent").visit(f"packages/{NAME}/2.0.0", "version")
    key = empty_console.session("agent")
    url = f"http://console.test:{port}/ui"
    cookie = {"name": COOKIE, "value": key, "url": url, "path": "/ui"}
    browser.chrome.execute_cdp_cmd("Network.setCookie", cookie)
    browser.chrome.get(f"{url}/packages/{NAME}/2.0.0")
    browser.script("document.addEventListener('copy', () => window.copied = getSelection().toString() || '')")
    browser.script("document.execCommand = () => { window.copied = document.activeElement.value; return true; }")
    browser.one("[data-copy]:not([data-copy=''])").click()
    checksum = browser.one(".digest [data-copy]").get_attribute("data-copy")
    assert browser.until(lambda: browser.script("return window.copied")) == checksum
    assert len(checksum or "") == 64
