"""The service's API in Python: `with Client(server, token=…) as packages`. Safe for threads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Callable
from urllib.parse import urlencode

from opampkg import download, errors, publish, waiting
from opampkg.answers import Answer
from opampkg.http import Http
from opampkg.models import Channel, Installations, Package, Rollout, Signature, Upload, User, made
from opampkg.retry import Patience
from opampkg.tokens import Token
from opampkg.urls import next_cursor, query, release_path, segment

TIMEOUT = 600.0
"""Seconds without progress after which the service counts as unreachable."""

API = "/api/v1"
OnProgress = Callable[[int, int], None]
"""Told of the bytes that are there, and of all."""


class Client:
    """The service at `server`.

    `ca_file`: authorities in PEM in place of the system's; `client_cert`: certificate and key in one PEM file;
    `timeout`: seconds without progress after which it is given up; `note`: told of each retry.
    All methods raise OpampkgError: NotAllowed, NotFound, Conflict, Refused, Unreachable, ChecksumDiffers.
    """

    def __init__(
        self,
        server: str,
        *,
        token: str | None = None,
        ca_file: str | None = None,
        client_cert: str | None = None,
        timeout: float = TIMEOUT,
        note: Callable[[str], None] = lambda _: None,
    ) -> None:
        kept = Token(token) if token is not None else None
        self.http = Http(server, kept, ca_file=ca_file, client_cert=client_cert, timeout=timeout)
        self._timeout = timeout
        self.note = note

    def __enter__(self) -> Client:  # noqa: PYI034 - Self is Python 3.11's
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"Client({self.http.url.geturl()!r})"

    def close(self) -> None:
        """End the kept connections."""
        self.http.close()

    def patience(self) -> Patience:
        """Retries of one thing."""
        return Patience(self._timeout, self.note)

    def call(self, method: str, path: str, headers: Mapping[str, str] | None = None, content: Any = None) -> Answer:
        """A request below /api/v1, tried again while the service is away; `content` is sent as JSON."""
        return self.patience().until_done(lambda: self.once(method, path, headers, content))

    def once(self, method: str, path: str, headers: Mapping[str, str] | None = None, content: Any = None) -> Answer:
        """The same, tried once."""
        body, kind = publish.json_body(content)
        return self.http.request(method, API + path, {**kind, **(headers or {})}, body)

    def pages(self, path: str, filters: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
        """The rows of a list, page after page."""
        asked = query(filters)
        while True:
            answer = self.call("GET", f"{path}?{urlencode(asked)}" if asked else path)
            yield from answer.json()
            cursor = next_cursor(answer.headers.get("Link", ""))
            if cursor is None:
                return
            asked = {**asked, "cursor": cursor}

    def login(self, username: str, password: str) -> str:
        """A token for a user."""
        answer = self.call("POST", "/auth/login", content={"username": username, "password": password})
        return str(answer.json()["token"])

    def me(self) -> User:
        """Who the token is."""
        return made(User, self.call("GET", "/me").json())

    def packages(self, **filters: Any) -> Iterator[Package]:
        """All packages that the filters (`name`, `version`, `platform`, `arch`, `is_active`, `q`, `sort`) leave."""
        return (made(Package, row) for row in self.pages("/packages", {"limit": 500, **filters}))

    def release(self, name: str, version: str) -> list[Package]:
        """A version's packages for all platforms."""
        return [made(Package, row) for row in self.pages(release_path(name, version), {"limit": 500})]

    def latest(self, name: str, *, platform: str, arch: str, prerelease: bool = False) -> Package:
        """The newest active package by SemVer precedence, for this arch or for any."""
        asked = query({"name": name, "platform": platform, "arch": arch, "prerelease": prerelease or None})
        return made(Package, self.call("GET", f"/packages/latest?{urlencode(asked)}").json())

    def get(self, package_id: int) -> Package:
        """One package."""
        return made(Package, self.call("GET", f"/packages/{int(package_id)}").json())

    def find(self, name: str, version: str, platform: str, arch: str) -> Package | None:
        """The package at these coordinates, if there is one."""
        return next(self.packages(name=name, version=version, platform=platform, arch=arch), None)

    def publish(
        self,
        path: str,
        *,
        name: str,
        version: str,
        platform: str,
        arch: str,
        description: str = "",
        on_progress: OnProgress | None = None,
    ) -> Package:
        """The package with the file's bytes; nothing is sent if it is there, and an upload that broke off goes on.

        Raises Conflict, before anything is sent, if the coordinates hold other bytes.
        """
        place = publish.Place(name, version, platform, arch)
        return publish.publish(self, str(path), place, description, on_progress or (lambda *_: None)).package

    def signatures(self, package_id: int) -> list[Signature]:
        """A package's signatures, the oldest first."""
        return [made(Signature, row) for row in self.call("GET", f"/packages/{int(package_id)}/signatures").json()]

    def download(self, package: Package, path: str, *, on_progress: OnProgress | None = None) -> bool:
        """Put a package's bytes at `path`, verified; False if they were there already."""
        return download.download(self, package, str(path), on_progress or (lambda *_: None))

    def edit(self, package_id: int, **changes: Any) -> Package:
        """Change `description` or `is_active`."""
        return made(Package, self.call("PATCH", f"/packages/{int(package_id)}", content=changes).json())

    def edit_release(self, name: str, version: str, **changes: Any) -> list[Package]:
        """Change all packages of a version at once."""
        self.call("PATCH", release_path(name, version), content=changes)
        return self.release(name, version)

    def delete(self, package_id: int) -> None:
        """Remove a package and its bytes."""
        self.gone(f"/packages/{int(package_id)}")

    def delete_release(self, name: str, version: str) -> None:
        """Remove all packages of a version, or none."""
        self.gone(release_path(name, version))

    def channels(self) -> Iterator[Channel]:
        """All channels by name."""
        return (made(Channel, row) for row in self.pages("/channels", {"limit": 500}))

    def channel(self, name: str) -> Channel:
        """One channel, with its ETag."""
        answer = self.call("GET", f"/channels/{segment(name)}")
        return made(Channel, {**answer.json(), "etag": answer.headers.get("ETag", "")})

    def set_channel(self, channel: Channel) -> Channel:
        """Make a channel so. Raises Conflict if it is no longer the one with this ETag (none: if there is one)."""
        content = {
            "description": channel.description,
            "match": dict(channel.match),
            "packages": [dict(package) for package in channel.packages],
        }
        condition = {"If-Match": channel.etag} if channel.etag else {"If-None-Match": "*"}
        answer = self.call("PUT", f"/channels/{segment(channel.name)}", condition, content)
        return made(Channel, {**answer.json(), "etag": answer.headers.get("ETag", "")})

    def delete_channel(self, name: str) -> None:
        """Remove a channel."""
        self.gone(f"/channels/{segment(name)}")

    def installations(self, package_id: int) -> Installations:
        """How far agents are with a package."""
        return made(Installations, self.call("GET", f"/packages/{int(package_id)}/installations").json())

    def rollouts(self, **filters: Any) -> Iterator[Rollout]:
        """Roll-outs, the newest first."""
        return (made(Rollout, row) for row in self.pages("/rollouts", filters))

    def wait(
        self,
        name: str,
        version: str,
        *,
        installed: float,
        max_failed: float | None = None,
        timeout: float = waiting.TIMEOUT,
        on_look: Callable[[Installations], None] = lambda _: None,
    ) -> Installations:
        """Return when `installed` per cent of the agents that are to have a version have it.

        Raises TooManyFailed over `max_failed` per cent or where a roll-out to it has stopped, TimeOver after `timeout`
        seconds.
        """
        goal = waiting.Goal(installed, max_failed, timeout)
        return waiting.wait(self, name, version, goal, on_look)

    def uploads(self, **filters: Any) -> Iterator[Upload]:
        """Uploads that are not complete: one's own; an admin's list has all."""
        return (made(Upload, row) for row in self.pages("/uploads", filters))

    def cancel_upload(self, upload_id: str) -> None:
        """End an upload; what it has published stays."""
        self.gone(f"/uploads/{segment(upload_id)}")

    def gone(self, path: str) -> None:
        """DELETE; where an answer was lost, 404 of the next try means that it is done."""
        tries = 0

        def attempt() -> None:
            nonlocal tries
            tries += 1
            try:
                self.once("DELETE", path)
            except errors.NotFound:
                if tries == 1:
                    raise

        self.patience().until_done(attempt)
