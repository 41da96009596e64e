"""Tokens of profiles: in the system's keyring where the package `keyring` is there, else in a file of mode 0600.

Each is kept with its server's origin, and read for no other.
"""

from __future__ import annotations

import os
from typing import Any

from opampkg import files
from opampkg.urls import checked, origin

SERVICE = "opampkg"


class Credentials:
    """The tokens that are kept in `folder` or in the keyring."""

    def __init__(self, folder: str) -> None:
        self.path = os.path.join(folder, "credentials.json")

    def read(self, profile: str, server: str) -> str | None:
        """The token of a profile for this server. Raises WrongUsage if others can read the file."""
        key = _key(profile, server)
        kept = _ask_keyring("get_password", SERVICE, key)
        if isinstance(kept, str):
            return kept
        files.refuse_open(self.path)
        found = files.read_json(self.path).get(key)
        return found if isinstance(found, str) else None

    def write(self, profile: str, server: str, token: str) -> None:
        """Keep a token."""
        key = _key(profile, server)
        if _ask_keyring("set_password", SERVICE, key, token) is not False:
            return
        files.refuse_open(self.path)
        files.write_json(self.path, {**files.read_json(self.path), key: token})

    def remove(self, profile: str, server: str) -> bool:
        """Forget a token; whether there was one."""
        key = _key(profile, server)
        was_in_keyring = bool(_ask_keyring("get_password", SERVICE, key))
        if was_in_keyring:
            _ask_keyring("delete_password", SERVICE, key)
        files.refuse_open(self.path)
        known = files.read_json(self.path)
        was_in_file = known.pop(key, None) is not None
        if was_in_file:
            files.write_json(self.path, known)
        return was_in_keyring or was_in_file


def _key(profile: str, server: str) -> str:
    scheme, host, port = origin(checked(server))
    return f"{profile} {scheme}://{host}:{port}"


def _ask_keyring(method: str, *arguments: str) -> Any:
    """What the keyring's method returns; False without a keyring that works."""
    try:
        import keyring  # noqa: PLC0415 - it is often not there, and takes long to load

        return getattr(keyring, method)(*arguments)
    except Exception:  # noqa: BLE001 - backends raise whatever they like; the file is always there
        return False
