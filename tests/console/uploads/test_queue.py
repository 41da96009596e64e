"""The upload queue: what becomes of files that are dropped or chosen."""

import hashlib
import os
from collections.abc import Callable
from pathlib import Path

from app.accounts.roles import Role
from tests.console.browser import Browser
from tests.console.site import Console
from tests.console.uploads.page import Line, UploadPage, api, eventually, packages

Release = Callable[..., Path]
LINUX = "{}_1.0.0_linux_amd64.tar.gz"


def sha256(path: Path) -> str:
    """The checksum in hex."""
    return hashlib.sha256(path.read_bytes()).hexdigest()


def test_the_doubtful_one_waits(page: UploadPage, console: Console, release: Release) -> None:
    """Of seven files that are dropped six are published, and the one whose name is in doubt asks."""
    arches = ("amd64", "arm64", "386", "armv7", "ppc64le", "s390x", "riscv64")
    files = [release(f"seven_1.0.0_linux_{arch}.tar.gz") for arch in arches]
    page.drop(*files)
    page.until("published", "needs-fields")
    doubtful = files[3].name
    assert [name for name, state in page.states.items() if state == "needs-fields"] == [doubtful]
    assert "“armv7” may be more than one architecture." in page.told(doubtful)

    page.fill(doubtful)
    page.until("published")
    assert {each["arch"] for each in packages(console, "seven")} == {*arches, "arm"} - {"armv7"}
    page.browser.assert_clean()


def test_fields_that_the_service_refuses(page: UploadPage, release: Release) -> None:
    """What the service says of a field stands at the row, whose form keeps what was typed."""
    file = release("refused-field_linux_amd64.tar.gz")
    page.choose(file).until("needs-fields")
    page.fill(file.name, version="1.0 beta")
    page.browser.until(lambda: "Must match" in page.told(file.name))
    assert page.row(file.name).find_element("css selector", "[name=version]").get_property("value") == "1.0 beta"
    page.fill(file.name, version="1.0-beta")
    page.until("published")


def test_the_digest(page: UploadPage, console: Console, release: Release) -> None:
    """The digest that the page shows is the file's, and the package's."""
    file = release(LINUX.format("digest"), 9_000_000)
    page.choose(file).until("published")
    shown = page.browser.script("return arguments[0].querySelector('.digest').dataset.sha256", page.row(file.name))
    [package] = packages(console, "digest")
    assert {shown, package["checksum"]} == {sha256(file)}


def test_same_bytes(distant: UploadPage, line: Line, release: Release) -> None:
    """Bytes that are published already are not sent again."""
    file = release(LINUX.format("same"), 5_000_000, seed="same")
    distant.choose(file).until("published")
    sent = line.counter.bytes
    assert sent > 5_000_000
    page = UploadPage(distant.browser)
    page.choose(file).until("same")
    assert "nothing was sent" in page.told(file.name)
    assert line.counter.bytes - sent < 100_000


def test_other_bytes(distant: UploadPage, line: Line, release: Release) -> None:
    """Other bytes for what is published are refused before one is sent, and may get another version."""
    file = release(LINUX.format("other"), 5_000_000, seed=1)
    distant.choose(file).until("published")
    page = UploadPage(distant.browser)
    sent = line.counter.bytes
    page.choose(release(LINUX.format("other"), 5_000_000, seed=2)).until("refused")
    assert "is published with other bytes, and what is published never changes" in page.told(file.name)
    assert line.counter.bytes - sent < 100_000

    page.press(file.name, "change")
    page.fill(file.name, version="1.0.1")
    page.until("published")
    assert [each["version"] for each in packages(line, "other")] == ["1.0.1", "1.0.0"]


def test_other_bytes_while_it_is_sent(distant: UploadPage, line: Line, release: Release) -> None:
    """Who is overtaken hears from the service that other bytes are published."""
    file = release(LINUX.format("overtaken"), 3_000_000)
    line.counter.hold(1_000_000)
    distant.choose(file)
    line.counter.until_held()
    assert api(line).put(b"faster", name="overtaken").status == 201
    line.counter.let_go()
    distant.until("refused")
    assert len(packages(line, "overtaken")) == 1


def test_checksums(page: UploadPage, console: Console, release: Release) -> None:
    """Of files that are dropped with their checksums the one with a wrong line is refused, and it alone."""
    files = [release(f"summed_1.0.0_linux_{arch}.tar.gz") for arch in ("amd64", "arm64", "386")]
    lines = [f"{sha256(file)}  {file.name}" for file in files[:2]] + [f"{'0' * 64}  {files[2].name}"]
    sums = files[0].with_name("summed_1.0.0_checksums.txt")
    sums.write_text("\n".join(lines))
    page.drop(sums, *files)
    page.until("published", "refused")
    assert [name for name, state in page.states.items() if state == "refused"] == [files[2].name]
    assert f"{sums.name} has another SHA-256 for this file." in page.told(files[2].name)
    assert {each["arch"] for each in packages(console, "summed")} == {"amd64", "arm64"}


def test_cancelled(distant: UploadPage, line: Line, release: Release, services_folder: Path) -> None:
    """Of a cancelled upload nothing is published, listed or stored."""
    file = release(LINUX.format("cancelled"), 20_000_000)
    folder = services_folder / "console_tests"
    before = set(folder.rglob("*"))
    line.counter.hold(12_000_000)
    distant.choose(file)
    line.counter.until_held()
    distant.press(file.name, "cancel")
    distant.until("cancelled")
    line.counter.let_go()
    client = api(line)
    eventually(lambda: client.get("/uploads?name=cancelled").json() == [])
    assert packages(line, "cancelled") == []
    assert line.service.command("storage", "reconcile", "--grace", "0").returncode == 0
    assert [path for path in set(folder.rglob("*")) - before if path.is_file()] == []


def test_paused(distant: UploadPage, line: Line, release: Release) -> None:
    """A paused upload stands still, and goes on from there."""
    size = 40_000_000
    file = release(LINUX.format("paused"), size)
    line.counter.hold(size / 2)
    distant.choose(file)
    line.counter.until_held()
    distant.press(file.name, "pause")
    distant.until("paused")
    line.counter.let_go()
    distant.press(file.name, "resume")
    distant.until("published")
    # Half of it, what was on its way, and what the service had not stored yet; 1.5 times and more from the beginning.
    assert line.counter.bytes < 1.4 * size


def test_the_service_cannot(page: UploadPage, console: Console, release: Release) -> None:
    """A 503 is told at the row, and tried again after its Retry-After."""
    file = release(LINUX.format("unavailable"))
    page.choose(release(LINUX.format("before"))).until("published")
    with console.database.refusing():
        page.choose(file).until("retrying", names=[file.name])
        page.browser.until(lambda: "Trying again in" in page.told(file.name))
    page.until("published")


def test_too_large(page: UploadPage, tmp_path: Path) -> None:
    """A file over the service's limit is refused, and not read for that."""
    file = tmp_path / LINUX.format("large")
    with file.open("wb") as sparse:
        sparse.truncate(6 << 30)
    page.choose(file).until("refused")
    assert "larger than this service takes" in page.told(file.name)


def test_no_publisher_any_more(browser: Browser, console: Console, release: Release) -> None:
    """Who has lost the role reads so at the row."""
    user = console.user("demoted", Role.PUBLISHER)
    page = UploadPage(browser.be("demoted"))
    console.parts.accounts.change_user(user, role=Role.AGENT)
    file = release(LINUX.format("demoted"))
    page.choose(file).until("failed")
    assert "publisher" in page.told(file.name)


def test_the_file_changes(line: Line, distant: UploadPage, release: Release) -> None:
    """A file that changes while it is sent says so, at the next piece of it."""
    file = release(LINUX.format("changing"), 20_000_000)
    line.counter.hold(4_000_000)
    distant.choose(file)
    line.counter.until_held()
    with file.open("ab") as more:
        more.write(b"more")
    os.utime(file, (1, 1))
    line.counter.let_go()
    distant.until("failed")
    assert "The file changed while it was read. Choose it again." in distant.told(file.name)


def test_a_folder(page: UploadPage, console: Console, release: Release, tmp_path: Path) -> None:
    """A folder is walked; dot-files, signatures and lists of contents are left out."""
    for name in ("a/{}", "b/c/{}"):
        release("dist/" + name.format(f"folder-{name[0]}_1.0.0_linux_amd64.tar.gz"))
    for name in (".git/config", ".hidden.tar.gz", "a/folder-a_1.0.0_linux_amd64.tar.gz.sig", "a/x.sbom.json"):
        release(f"dist/{name}", 10)
    page.drop(tmp_path / "dist")
    page.until("published")
    assert len(page.states) == 2
    assert "Not uploaded: 1 signatures, 1 software bills of materials." in page.text.replace("\n", " ")


def test_leaving_asks(distant: UploadPage, line: Line, release: Release) -> None:
    """The browser asks before it leaves an upload behind, and only then."""
    file = release(LINUX.format("leaving"), 4_000_000)
    asks = "const event = new Event('beforeunload', {cancelable: true}); return !dispatchEvent(event)"
    assert not distant.browser.script(asks)
    line.counter.hold(1_000_000)
    distant.choose(file)
    line.counter.until_held()
    assert distant.browser.script(asks)
    line.counter.let_go()
    distant.until("published")
    assert not distant.browser.script(asks)
