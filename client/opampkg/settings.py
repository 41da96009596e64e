"""Settings: an option, else the environment, else the profile, else where the command came from."""

from __future__ import annotations

import json
import os
import pkgutil
from argparse import Namespace
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from opampkg import files
from opampkg.credentials import Credentials
from opampkg.errors import NotAllowed, WrongUsage
from opampkg.tokens import Token
from opampkg.urls import checked, origin

ORIGIN = "origin.json"
"""In the file that a service gives out as /cli: the service's URL."""

FOLDER = "~/.config/opampkg"
KEPT = ("server", "ca_file", "client_cert")
"""What a profile may hold."""


@dataclass(frozen=True)
class Settings:
    """Which server, and how it is reached. `given`: a token from the environment or from a file."""

    profile: str
    server: str
    ca_file: str | None
    client_cert: str | None
    given: str | None

    def token(self) -> str:
        """The token for the server. Raises NotAllowed if there is none."""
        kept = self.given or Credentials(folder()).read(self.profile, self.server)
        if kept is None:
            raise NotAllowed(f"Not logged in at {self.server}: run `opampkg login`, or set OPAMPKG_TOKEN.")
        return Token(kept).text()


def resolved(options: Namespace, environ: Mapping[str, str]) -> Settings:
    """The settings for one run. Raises WrongUsage if no server is known or a token cannot be read."""
    profile = options.profile or environ.get("OPAMPKG_PROFILE") or "default"
    kept = profiles().get(profile, {})
    server = options.server or environ.get("OPAMPKG_SERVER") or kept.get("server") or came_from()
    if not server:
        raise WrongUsage("Which server? Give --server URL, set OPAMPKG_SERVER, or run `opampkg login --server URL`.")
    checked(server)
    # What a profile says of the way to its server is no way to another.
    of_server = kept if same_origin(kept.get("server"), server) else {}
    return Settings(
        profile,
        server.rstrip("/"),
        options.ca_file or environ.get("OPAMPKG_CA_FILE") or of_server.get("ca_file"),
        options.client_cert or of_server.get("client_cert"),
        given_token(options, environ),
    )


def given_token(options: Namespace, environ: Mapping[str, str]) -> str | None:
    """The token of --token-file, OPAMPKG_TOKEN or OPAMPKG_TOKEN_FILE. Raises WrongUsage for a file that is none."""
    if options.token_file:
        return _first_line(options.token_file)
    if environ.get("OPAMPKG_TOKEN"):
        return environ["OPAMPKG_TOKEN"].strip()
    return _first_line(environ["OPAMPKG_TOKEN_FILE"]) if environ.get("OPAMPKG_TOKEN_FILE") else None


def _first_line(path: str) -> str:
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(1 << 16).strip()
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is no text"
        raise WrongUsage(f"The token file {path} cannot be read: {reason}.") from None


def same_origin(one: str | None, other: str) -> bool:
    """Whether two servers have scheme, host and port in common."""
    return one is not None and origin(checked(one)) == origin(checked(other))


def came_from() -> str | None:
    """The URL of the service that gave this file out, if one did."""
    try:
        content = pkgutil.get_data("opampkg", ORIGIN)
    except OSError:
        return None
    return str(json.loads(content)["server"]) if content else None


def folder() -> str:
    """Where profiles and tokens are."""
    return os.path.expanduser(FOLDER)


def profiles() -> dict[str, dict[str, str]]:
    """The profiles that are kept. Raises WrongUsage if their file is broken."""
    path = os.path.join(folder(), "config.json")
    document = files.read_json(path)
    found = document.get("profiles", {})
    if not isinstance(found, dict) or not all(isinstance(profile, dict) for profile in found.values()):
        raise WrongUsage(f"{path} is not as `opampkg login` writes it; mend it or remove it.")
    return found


def keep(settings: Settings) -> None:
    """Make these the settings of their profile."""
    known: dict[str, Any] = {"profiles": profiles()}
    values = {name: getattr(settings, name) for name in KEPT}
    # A profile holds from every folder.
    paths = {name: os.path.abspath(values[name]) for name in ("ca_file", "client_cert") if values[name]}
    known["profiles"][settings.profile] = {"server": settings.server, **paths}
    files.write_json(os.path.join(folder(), "config.json"), known)
