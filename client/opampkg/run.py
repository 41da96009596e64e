"""One run of the command: its options, its output, and the client that it works with."""

from __future__ import annotations

import json
from argparse import Namespace
from collections.abc import Mapping
from typing import Any

from opampkg.api import TIMEOUT, Client
from opampkg.progress import Progress, printable
from opampkg.settings import Settings, resolved


class Run:
    """What each command is given."""

    def __init__(self, options: Namespace, progress: Progress, environ: Mapping[str, str]) -> None:
        self.options = options
        self.progress = progress
        self.environ = environ
        self.is_dry = bool(getattr(options, "dry_run", False))

    def settings(self) -> Settings:
        """The settings. Raises WrongUsage if no server is known."""
        return resolved(self.options, self.environ)

    def client(self) -> Client:
        """A client with the token. Raises NotAllowed if there is none."""
        settings = self.settings()
        return self.client_with(settings, settings.token())

    def client_with(self, settings: Settings, token: str | None) -> Client:
        """A client with this token, or none."""
        return Client(
            settings.server,
            token=token,
            ca_file=settings.ca_file,
            client_cert=settings.client_cert,
            timeout=self.timeout(),
            note=self.progress.note,
        )

    def timeout(self) -> float:
        """Seconds without progress after which the service counts as unreachable; never longer than `wait` waits."""
        asked = self.options.timeout or TIMEOUT
        return float(min(asked, TIMEOUT) if self.options.command == "wait" else asked)

    def show(self, document: Any, *lines: str) -> None:
        """A result: the document with --json, else the lines."""
        shown = [json.dumps(document, indent=2)] if self.options.json else [printable(line) for line in lines]
        self.progress.result("".join(f"{line}\n" for line in shown))
