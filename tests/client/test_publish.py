"""`publish` against the service."""

import hashlib
from pathlib import Path

from tests.client.conftest import User, UserOf
from tests.faults.site import Site

RELEASE = [
    "{}_1.0.0_darwin_amd64.tar.gz",
    "{}_1.0.0_darwin_arm64.tar.gz",
    "{}_1.0.0_linux_386.tar.gz",
    "{}_1.0.0_linux_amd64.tar.gz",
    "{}_1.0.0_linux_arm64.tar.gz",
    "{}_1.0.0_linux_armv7.tar.gz",
    "{}_1.0.0_linux_ppc64le.tar.gz",
    "{}_1.0.0_linux_s390x.tar.gz",
    "{}_1.0.0_windows_386.tar.gz",
    "{}_1.0.0_windows_amd64.tar.gz",
    "{}_1.0.0_windows_arm64.tar.gz",
    "{}_1.0.0_linux_riscv64.tar.gz",
]


def release(user: User, name: str) -> list[Path]:
    """A release's files, checksums and SBOMs among them."""
    for form in RELEASE:
        path = user.file(f"dist/{form.format(name)}")
        user.file(f"dist/{path.name}.sha256", hashlib.sha256(path.read_bytes()).hexdigest().encode())
        user.file(f"dist/{path.name}.sbom.json", b"{}")
    user.file(f"dist/{name}_checksums.txt", b"-")
    return sorted((user.folder / "dist").glob("*.tar.gz"))


def test_a_whole_release(publisher: User, name: str) -> None:
    """One pattern publishes 12 files of real names with their bytes; again, and no byte is sent."""
    files = release(publisher, name)
    first = publisher.run("publish", "dist/*", "--json")
    assert {row["file_name"]: row["checksum"] for row in first.document} == {
        file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files
    }
    assert {row["arch"] for row in first.document} == {"386", "amd64", "arm", "arm64", "ppc64le", "riscv64", "s390x"}
    assert first.err.count("left out: it is a checksum") == 13
    again = publisher.run("publish", "dist/*.tar.gz")
    assert again.out.count("Already there:") == 12


def test_other_bytes(publisher: User, name: str) -> None:
    """Exit 5, nothing is changed, and the other files are published all the same."""
    file = publisher.file(f"{name}_1.0.0_linux_amd64")
    publisher.run("publish", file)
    publisher.file(file.name)
    publisher.file(f"{name}_1.0.0_linux_arm64")
    ended = publisher.run("publish", f"{name}*", code=5)
    assert "published with other bytes" in ended.err
    assert len(publisher.run("list", "--name", name, "--json").document) == 2


def test_two_files_for_one_place(publisher: User, name: str) -> None:
    """Exit 2 that names both, before anything is sent; --split-formats gives the .deb a name of its own."""
    for format_ in ("tar.gz", "deb"):
        publisher.file(f"{name}_1.0.0_linux_amd64.{format_}")
    ended = publisher.run("publish", f"{name}*", code=2)
    assert f"{name}_1.0.0_linux_amd64.deb" in ended.err
    assert f"{name}_1.0.0_linux_amd64.tar.gz" in ended.err
    assert publisher.run("list", "--name", name, "--json").document == []
    done = publisher.run("publish", f"{name}*", "--split-formats", "--json").document
    assert sorted(row["name"] for row in done) == [name, f"{name}-deb"]


def test_a_dry_run(publisher: User, name: str) -> None:
    """It says what would be sent, and sends nothing."""
    file = publisher.file(f"{name}-v2.0.0-rc.1-Linux-x86_64.zip")
    (row,) = publisher.run("publish", file, "--dry-run", "--json").document
    assert (row["version"], row["platform"], row["arch"]) == ("2.0.0-rc.1", "linux", "amd64")
    assert publisher.run("list", "--name", name, "--json").document == []


def test_a_name_that_says_nothing(publisher: User, name: str) -> None:
    """Exit 2 with the options that are missing; with them it is published."""
    publisher.file("agent.bin")
    assert "--name, --version, --platform, --arch" in publisher.run("publish", "agent.bin", code=2).err
    options = ["--name", name, "--version", "1.0", "--platform", "macOS", "--arch", "aarch64", "--description", "é"]
    (row,) = publisher.run("publish", "agent.bin", *options, "--json").document
    assert (row["platform"], row["arch"], row["description"]) == ("darwin", "arm64", "é")


def test_refusals(site: Site, publisher: User, user_of: UserOf, name: str) -> None:
    """The exit codes: 3 over the size, 4 without a token or with too low a role, 7 where nobody answers."""
    file = publisher.file(f"{name}_1.0.0_linux_amd64", b"x" * (33 << 20))
    assert "packages.max_size" in publisher.run("publish", file, code=3).err
    agent = user_of("agent")
    small = agent.file(f"{name}_1.0.0_linux_arm64")
    assert "(request " in agent.run("publish", small, code=4).err
    assert "opampkg login" in user_of("").run("list", code=4).err
    assert "cannot be reached" in agent.run("list", "--timeout", "1s", "--server", "http://127.0.0.1:9", code=7).err


def test_hostile_names(publisher: User, name: str) -> None:
    """Names of files with spaces, quotes and line ends arrive as they are or are refused; none steers a terminal."""
    file = publisher.file(f"{name}_1.0.0_linux_amd64.x")
    odd = file.rename(file.with_name('it\'s $(odd) "é".bin'))
    options = ["--name", name, "--version", "1.0.0", "--platform", "linux"]
    (row,) = publisher.run("publish", odd, *options, "--arch", "amd64", "--json").document
    assert row["file_name"] == odd.name
    broken = publisher.file("a\n\x1b[31mb")
    ended = publisher.run("publish", broken, *options, "--arch", "arm64", code=3)
    assert "\x1b" not in ended.err
    assert "\r" not in ended.err
