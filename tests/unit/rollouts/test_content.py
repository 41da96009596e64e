"""Editions: what agents of a platform get by one, and what another changes."""

from app.rollouts.content import Content, File, changes

PLUGIN = {"name": "plugin", "version": "latest", "type": "addon"}


def file(platform: str, arch: str, version: str, number: int) -> File:
    """A file of the package."""
    return File("plugin", platform, arch, f"key {version}", number, version)


def edition(*files: File) -> Content:
    """An edition of one package."""
    return Content((PLUGIN,), files)


BEFORE = edition(file("linux", "amd64", "1.0", 1), file("linux", "any", "1.0", 2))
AFTER = edition(file("linux", "amd64", "1.0", 1), file("linux", "any", "1.1", 3), file("windows", "amd64", "1.1", 4))


def test_the_exact_arch_comes_first() -> None:
    """Of two files that fit."""
    assert BEFORE.for_agent("linux", "amd64")["plugin"][1] == 1
    assert BEFORE.for_agent("linux", "arm64")["plugin"][1] == 2
    assert BEFORE.for_agent("windows", "amd64") == {}


def test_who_gets_another_thing() -> None:
    """A new file for any arch changes nothing for those that have their own."""
    places = [("linux", "amd64"), ("linux", "arm64"), ("windows", "amd64"), ("darwin", "arm64")]
    assert [BEFORE.differs(AFTER, *place) for place in places] == [False, True, True, False]


def test_what_is_changed() -> None:
    """By name, platform and arch, with versions."""
    assert changes(BEFORE, AFTER) == [
        {"name": "plugin", "platform": "linux", "arch": "any", "from": "1.0", "to": "1.1"},
        {"name": "plugin", "platform": "windows", "arch": "amd64", "from": None, "to": "1.1"},
    ]


def test_the_digest_is_of_what_agents_get() -> None:
    """A pin and `latest` of the same files are the same; another type is another thing."""
    pinned = Content(({**PLUGIN, "version": "1.0"},), BEFORE.files)
    other = Content(({**PLUGIN, "type": "top_level"},), BEFORE.files)
    assert BEFORE.digest == pinned.digest
    assert len({BEFORE.digest, AFTER.digest, other.digest}) == 3


def test_a_row_keeps_all_of_it() -> None:
    """There and back."""
    assert Content.read(BEFORE.kept()) == BEFORE
