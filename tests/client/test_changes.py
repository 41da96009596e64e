"""`show`, `latest`, `download`, `yank`, `delete`, `channel`, `wait` against the service."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from tests.client.conftest import User, UserOf
from tests.faults.proxy import proxying
from tests.faults.site import Site
from tests.opamp.scripted import ScriptedAgent

JSON = {"Content_Type": "application/json"}
WHERE = ["--platform", "linux", "--arch", "amd64"]


@pytest.fixture
def file(publisher: User, name: str) -> Path:
    """A file of 1 MiB that is published as 1.0.0 for linux/amd64."""
    path = publisher.file(f"{name}_1.0.0_linux_amd64", bytes(range(256)) * 4096)
    publisher.run("publish", path)
    return path


def test_download(publisher: User, name: str, file: Path) -> None:
    """The latest, verified, under its own name or another; again, and it is there already."""
    publisher.run("download", name, *WHERE, "-o", "copy")
    assert (publisher.folder / "copy").read_bytes() == file.read_bytes()
    assert "Already there" in publisher.run("download", name, *WHERE, "-o", "copy").out
    (publisher.folder / "into").mkdir()
    publisher.run("download", name, "--version", "1.0.0", *WHERE, "-o", "into")
    assert (publisher.folder / "into" / file.name).read_bytes() == file.read_bytes()
    publisher.run("download", name, "--version", "2.0.0", *WHERE, code=6)


@pytest.mark.parametrize("is_right", [True, False])
def test_a_part_goes_on(site: Site, publisher: User, name: str, file: Path, is_right: bool) -> None:
    """What came before is not sent again; where it was of another file, all is fetched anew."""
    content = file.read_bytes()
    (publisher.folder / "copy.part").write_bytes(content[:1_000_000] if is_right else b"x" * 1_000_000)
    publisher.run("download", name, *WHERE, "-o", "copy")
    assert (publisher.folder / "copy").read_bytes() == content
    assert not (publisher.folder / "copy.part").exists()


def test_a_cut_connection(site: Site, publisher: User, name: str) -> None:
    """A download through a proxy that cuts goes on where it stopped."""
    path = publisher.file(f"{name}_1.0.0_linux_amd64", bytes(20 << 20))
    publisher.run("publish", path)
    with proxying(site.service.port) as proxy, ThreadPoolExecutor(1) as pool:
        proxy.delay = 0.01
        url = f"http://{proxy.address}"
        running = pool.submit(publisher.run, "download", name, *WHERE, "-o", "copy", "--server", url)
        part = publisher.folder / "copy.part"
        for size in (2 << 20, 6 << 20, 10 << 20):
            while not running.done() and (not part.exists() or part.stat().st_size < size):
                time.sleep(0.001)
            proxy.cut()
        assert running.result(120).err.count("Trying again") == 3
    assert (publisher.folder / "copy").read_bytes() == path.read_bytes()


def test_yank_and_delete(publisher: User, admin: User, name: str, file: Path) -> None:
    """A version as a whole or one of its files; done already is done."""
    for _ in range(2):
        (row,) = publisher.run("yank", name, "1.0.0", "--json").document
        assert row["is_active"] is False
    publisher.run("latest", name, *WHERE, code=6)
    publisher.run("unyank", name, "1.0.0", "linux", "x86_64")
    assert publisher.run("latest", name, *WHERE, "--json").document["version"] == "1.0.0"
    publisher.run("delete", name, "1.0.0", code=4)
    admin.run("delete", name, "1.0.0", "--dry-run")
    admin.run("delete", name, "1.0.0", "linux", "amd64")
    admin.run("show", name, "1.0.0", code=6)


def test_channels(publisher: User, admin: User, name: str, file: Path) -> None:
    """`set` makes a channel, and then keeps what it does not name."""
    created = publisher.run("channel", "set", name, f"{name}=1.0.0", "--match", "service.name=x", "--json").document
    assert created["match"] == {"service.name": "x"}
    publisher.run("channel", "set", name, "--description", "all")
    changed = publisher.run("channel", "set", name, f"{name}=latest", "--json").document
    assert changed["description"] == "all"
    assert changed["match"] == {"service.name": "x"}
    assert changed["packages"] == [{"name": name, "version": "latest", "type": "top_level"}]
    assert name in publisher.run("channel", "list").out
    admin.run("channel", "delete", name)
    admin.run("channel", "show", name, code=6)


def test_two_change_a_channel(publisher: User, name: str, file: Path) -> None:
    """At the same time, and both changes are there: who was slower reads it again."""
    publisher.run("channel", "set", name, f"{name}=latest")
    with ThreadPoolExecutor(4) as pool:
        matches = [f"key{number}=1" for number in range(4)]
        list(pool.map(lambda match: publisher.run("channel", "set", name, "--match", match), matches))
    assert len(publisher.run("channel", "show", name, "--json").document["match"]) == 4


def test_wait(site: Site, publisher: User, name: str, file: Path) -> None:
    """Nobody is to have it: the time is over, 9. A version that is none is 6."""
    assert "no agent" in publisher.run("wait", name, "1.0.0", "--installed", "95%", "--timeout", "1s", code=9).err
    publisher.run("wait", name, "9.9.9", "--installed", "95%", code=6)


@pytest.mark.parametrize("action", ["pause", "rollback"])
def test_wait_for_a_rollout_that_stops(site: Site, publisher: User, name: str, file: Path, action: str) -> None:
    """A roll-out under way keeps it waiting; one that has stopped ends it with 10 and the reason."""
    publisher.run("publish", publisher.file(f"{name}_2.0.0_linux_amd64"))
    for version in ("1.0.0", "2.0.0"):
        listed = [{"name": name, "version": version}]
        body = {"match": {name: "x"}, "packages": listed, "rollout": {}}
        assert said(site, "PUT", f"channels/{name}", body)["name"] == name
    publisher.run("wait", name, "2.0.0", "--installed", "95%", "--timeout", "1s", code=9)
    rollout = said(site, "GET", f"channels/{name}")["rollout_id"]
    said(site, "POST", f"rollouts/{rollout}/{action}", {"reason": "disks are full"})
    ended = publisher.run("wait", name, "2.0.0", "--installed", "95%", "--timeout", "10s", code=10)
    assert "disks are full" in ended.err
    publisher.run("wait", name, "1.0.0", "--installed", "95%", "--timeout", "1s", code=9)


def test_wait_for_a_rollout_that_the_brake_stops(site: Site, publisher: User, name: str, file: Path) -> None:
    """Both of a stage's agents fail while it waits: it ends with 10, and says how many were bad and why."""
    publisher.run("publish", publisher.file(f"{name}_2.0.0_linux_amd64"))
    policy = {"stages": [{"agents": 2, "hold": True}], "max_failures": 1}

    def list_version(version: str) -> None:
        listed = [{"name": name, "version": version}]
        said(site, "PUT", f"channels/{name}", {"match": {"site": name}, "packages": listed, "rollout": policy})

    list_version("1.0.0")
    attributes = {"os.type": "linux", "host.arch": "amd64", "site": name}
    agents = [ScriptedAgent([site.service.url], site.tokens["agent"], attributes) for _ in range(2)]
    for agent in agents:
        agent.introduce()
    list_version("2.0.0")
    with ThreadPoolExecutor(1) as pool:
        asked = [str(part) for part in ("wait", name, "2.0.0", "--installed", "95%", "--timeout", "100s")]
        waiting = pool.submit(publisher.run, *asked, code=10)
        for agent in agents:
            agent.fail(agent.waits())
        ended = waiting.result(120)
    assert "2 of 2 agents are bad, most often: failed (could not be installed)." in ended.err


def said(site: Site, method: str, path: str, content: object = None) -> Any:
    """What the API answers, which takes it."""
    body, media_type = (None, {}) if content is None else (json.dumps(content).encode(), JSON)
    answer = site.client("publisher").request(method, f"/api/v1/{path}", body, **media_type)
    assert answer.status in (200, 201), answer.body
    return answer.json()


def test_quiet_lines_in_a_pipe(publisher: User, user_of: UserOf, name: str, file: Path) -> None:
    """No control character ever comes; a document of --json is all that stdout has."""
    ended = publisher.run("show", name, "1.0.0", "--json")
    assert json.loads(ended.out)[0]["name"] == name
    assert "\r" not in ended.err + ended.out
    assert "\x1b" not in ended.err + ended.out


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion(user_of: UserOf, shell: str) -> None:
    """The script names the commands; it needs no server."""
    assert "publish" in user_of("").run("completion", shell).out
