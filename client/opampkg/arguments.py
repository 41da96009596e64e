"""Command line: the commands and their options. None takes a password or a token, and TLS cannot be switched off."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

from opampkg import channel_commands, commands, completion, login_commands, publish_command
from opampkg.units import boolean, count, duration, percentage
from opampkg.version import VERSION

SORTS = ("created_at", "-created_at", "name", "-name", "version", "-version")
EXITS = """exit codes: 0 done, also if it was done already; 1 unexpected; 2 wrong usage; 3 refused; 4 not logged in or
not allowed; 5 conflict; 6 not found; 7 service unreachable or busy; 8 checksum or
signature differs; 9 wait: time over;
10 wait: too many failed, or a roll-out has stopped; 130 interrupted. Of several files the highest counts."""
SHOWS_VALUE = re.compile(r"(invalid choice|ignored explicit argument).*?( \(choose from .*)?$", re.DOTALL)


class Parser(argparse.ArgumentParser):
    """Takes no abbreviations, and shows no value that it does not know.

    `--token` would be `--token-file`, and the token the name of a file that is told not to be there.
    """

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **{**options, "allow_abbrev": False})

    def parse_args(self, args: Any = None, namespace: Any = None) -> Any:
        """The options. Ends the command with 2 where it is used wrongly."""
        found, unknown = self.parse_known_args(args, namespace)
        if unknown:
            options = [each.partition("=")[0] for each in unknown if each.startswith("-")]
            self.error(f"not known here: {' '.join(options) or f'{len(unknown)} of the arguments'}")
        return found

    def error(self, message: str) -> NoReturn:
        """End the command with 2: of `--token SECRET list`, argparse shows SECRET, which it takes for the command."""
        super().error(SHOWS_VALUE.sub(r"\1\2", message))


def parser() -> argparse.ArgumentParser:
    """All of it."""
    made = Parser("opampkg", description="Packages of OpenTelemetry agents.", epilog=EXITS)
    made.add_argument("--version", action="version", version=f"opampkg {VERSION}")
    common(made, is_first=True)
    # What stands behind the command's name must not be undone by what does not stand there.
    shared = Parser(add_help=False)
    common(shared, is_first=False)
    subparsers = made.add_subparsers(dest="command", metavar="COMMAND", required=True)
    Commands(subparsers, shared).add_all()
    return made


def common(made: argparse.ArgumentParser, *, is_first: bool) -> None:
    """What all commands take."""

    def option(*names: str, default: Any = None, **rules: Any) -> None:
        made.add_argument(*names, default=default if is_first else argparse.SUPPRESS, **rules)

    option("--server", metavar="URL", help="the service (OPAMPKG_SERVER)")
    option("--profile", metavar="NAME", help="whose settings and token (OPAMPKG_PROFILE)")
    option("--token-file", metavar="PATH", help="a file with the token (OPAMPKG_TOKEN_FILE; OPAMPKG_TOKEN)")
    option("--ca-file", metavar="PATH", help="authorities to trust, PEM (OPAMPKG_CA_FILE)")
    option("--client-cert", metavar="PATH", help="certificate and key, PEM")
    option("--timeout", metavar="TIME", type=duration, help="without progress before it is given up (10m)")
    option("--json", action="store_true", default=False, help="one JSON document on stdout")
    option("--quiet", action="store_true", default=False, help="nothing but results and errors")


class Commands:
    """Adds the commands."""

    def __init__(self, subparsers: Any, shared: argparse.ArgumentParser) -> None:
        self._subparsers = subparsers
        self._shared = shared

    def add_all(self) -> None:
        """In the order of the help."""
        self.logins()
        self.publish()
        self.finding()
        self.changing()
        self.channels()
        self.others()

    def command(self, name: str, run: Any, text: str, *, changes: bool = False, into: Any = None) -> Any:
        """One command; `changes`: it takes --dry-run."""
        made = (into or self._subparsers).add_parser(name, help=text, description=text, parents=[self._shared])
        made.set_defaults(run=run)
        if changes:
            made.add_argument("--dry-run", action="store_true", help="say what would be done, and do nothing")
        return made

    def logins(self) -> None:
        """login, logout, whoami."""
        login = self.command("login", login_commands.login, "log in, and keep the token for the profile")
        login.add_argument("--username", metavar="NAME")
        stdin = login.add_mutually_exclusive_group()
        stdin.add_argument("--password-stdin", action="store_true", help="the password is the first line of stdin")
        stdin.add_argument("--token-stdin", action="store_true", help="a machine token is the first line of stdin")
        self.command("logout", login_commands.logout, "forget the token")
        self.command("whoami", login_commands.whoami, "whose token it is")

    def publish(self) -> None:
        """publish."""
        made = self.command("publish", publish_command.run, "publish files", changes=True)
        made.add_argument("files", nargs="+", metavar="FILE", help="files, patterns, or dist/artifacts.json")
        for name in ("name", "version", "platform", "arch"):
            made.add_argument(f"--{name}", default="", help="in place of what the file's name says")
        made.add_argument("--description", default="")
        made.add_argument("--split-formats", action="store_true", help="name deb, rpm, apk, msi, pkg files NAME-deb …")
        made.add_argument("--jobs", type=count, default=2, metavar="N", help="files at a time (2)")

    def finding(self) -> None:
        """list, show, verify, latest, download."""
        listed = self.command("list", commands.list_packages, "list packages")
        for name in ("name", "version", "platform", "arch", "q"):
            listed.add_argument(f"--{name}")
        listed.add_argument("--is-active", type=boolean, metavar="true|false")
        listed.add_argument("--sort", choices=SORTS)
        listed.add_argument("--limit", type=count, metavar="N", help="at most N packages")
        self.coordinates(self.command("show", commands.show, "show a version's packages"), "VERSION", optional=True)
        text = "show what a version's signatures come to; exit code 8 unless all are trusted"
        self.coordinates(self.command("verify", commands.verify, text), "VERSION")
        latest = self.command("latest", commands.latest, "the newest version, for this machine by default")
        text = "download a package, the latest for this machine by default"
        download = self.command("download", commands.download, text, changes=True)
        for each in (latest, download):
            each.add_argument("name", metavar="NAME", nargs="?")
            each.add_argument("--name", dest="name_option", metavar="NAME", help=argparse.SUPPRESS)
            each.add_argument("--platform")
            each.add_argument("--arch")
            each.add_argument("--prerelease", action="store_true", help="pre-releases, too")
        download.add_argument("--version", metavar="VERSION", help="instead of the latest")
        download.add_argument("-o", "--output", metavar="PATH", help="a file, or a folder that is there")

    def coordinates(self, made: Any, version: str, *, optional: bool = False) -> None:
        """NAME VERSION [PLATFORM ARCH]."""
        made.add_argument("name", metavar="NAME")
        made.add_argument("version", metavar=version, nargs="?" if optional else None)
        made.add_argument("platform", metavar="PLATFORM", nargs="?")
        made.add_argument("arch", metavar="ARCH", nargs="?")

    def changing(self) -> None:
        """yank, unyank, delete."""
        texts = {"yank": "take a version back; it can be downloaded still", "unyank": "undo a yank", "delete": "remove"}
        for name, text in texts.items():
            self.coordinates(self.command(name, getattr(commands, name), text, changes=True), "VERSION")

    def channels(self) -> None:
        """channel list, show, set, delete."""
        channel = self._subparsers.add_parser("channel", help="what agents should have")
        into = channel.add_subparsers(dest="action", metavar="ACTION", required=True)
        self.command("list", channel_commands.list_channels, "list channels", into=into)
        self.command("show", channel_commands.show, "show a channel", into=into).add_argument("name", metavar="NAME")
        text = "change what it names, keep the rest"
        change = self.command("set", channel_commands.change, text, changes=True, into=into)
        change.add_argument("name", metavar="NAME")
        change.add_argument("packages", metavar="PACKAGE=VERSION", nargs="*")
        change.add_argument("--description")
        change.add_argument("--match", metavar="KEY=VALUE", action="append", help="an attribute that agents must have")
        remove = self.command("delete", channel_commands.delete, "remove a channel", changes=True, into=into)
        remove.add_argument("name", metavar="NAME")

    def others(self) -> None:
        """wait, uploads, completion."""
        wait = self.command("wait", commands.wait, "wait until agents have a version (--timeout 30m)")
        wait.add_argument("name", metavar="NAME")
        wait.add_argument("version", metavar="VERSION")
        wait.add_argument("--installed", type=percentage, required=True, metavar="95%%", help="of all")
        wait.add_argument("--max-failed", type=percentage, metavar="1%%", help="more: exit code 10")
        uploads = self._subparsers.add_parser("uploads", help="uploads that are not complete")
        into = uploads.add_subparsers(dest="action", metavar="ACTION", required=True)
        self.command("list", commands.list_uploads, "list them", into=into)
        cancel = self.command("cancel", commands.cancel_upload, "end one", changes=True, into=into)
        cancel.add_argument("id", metavar="ID")
        shell = self.command("completion", completion.run, "print a completion script")
        shell.add_argument("shell", choices=("bash", "zsh", "fish"))
