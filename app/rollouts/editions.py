"""Editions in PostgreSQL: a channel's list resolved, frozen, and lowered where a file is not offered any more."""

import json
from typing import Any

from sqlalchemy import Connection, select, text, update
from sqlalchemy.dialects.postgresql import insert

from app.packages.versions import LATEST
from app.rollouts.content import Content, File
from app.rollouts.models import Edition
from app.signatures.carrying import has_signature

_MAY_BE_OFFERED = "NOT blocked AND " + has_signature("packages.id", "{listed}.signature")

_LISTED = text(
    f"""
    SELECT listed.name, found.platform, found.arch, found.version_key, found.id, found.version
    FROM jsonb_to_recordset(CAST(:packages AS jsonb)) AS listed (name text, version text, signature text)
    CROSS JOIN LATERAL (
        SELECT platform, arch, version_key, id, version FROM packages
        WHERE listed.version <> :latest AND name = listed.name COLLATE "C" AND version = listed.version COLLATE "C"
          AND {_MAY_BE_OFFERED.format(listed="listed")}
        UNION ALL (
            SELECT DISTINCT ON (platform, arch) platform, arch, version_key, id, version FROM packages
            WHERE listed.version = :latest AND name = listed.name COLLATE "C" AND is_active AND NOT is_prerelease
              AND {_MAY_BE_OFFERED.format(listed="listed")}
            ORDER BY platform, arch, version_key DESC, id DESC
        )
    ) AS found
    """  # noqa: S608 - made of constants
)
"""The newest file of each package for each platform and arch, or the pinned ones."""

_BELOW = text(
    f"""
    SELECT kept.name, kept.platform, kept.arch, found.version_key, found.id, found.version
    FROM jsonb_to_recordset(CAST(:files AS jsonb))
         AS kept (name text, platform text, arch text, version_key text, id bigint, wanted text,
                  signature text)
    CROSS JOIN LATERAL (
        SELECT version_key, id, version FROM packages
        WHERE kept.wanted <> :latest AND packages.id = kept.id AND {_MAY_BE_OFFERED.format(listed="kept")}
        UNION ALL (
            SELECT version_key, id, version FROM packages
            WHERE kept.wanted = :latest AND name = kept.name COLLATE "C" AND platform = kept.platform COLLATE "C"
              AND arch = kept.arch COLLATE "C" AND is_active AND NOT is_prerelease
              AND {_MAY_BE_OFFERED.format(listed="kept")}
              AND (version_key, id) <= (kept.version_key COLLATE "C", kept.id)
            ORDER BY version_key DESC, id DESC LIMIT 1
        )
    ) AS found
    """  # noqa: S608 - made of constants
)
"""What an edition's ceilings come to now."""

_IN_USE = text(
    """
    SELECT editions.id, editions.content FROM editions JOIN channels ON channels.id = editions.channel_id
    WHERE editions.id >= channels.stable_id AND editions.withdrawn IS NULL
      AND (CAST(:channel_id AS bigint) IS NULL OR channels.id = :channel_id)
      AND (CAST(:name AS text) IS NULL
           OR editions.content -> 'packages' @> jsonb_build_array(jsonb_build_object('name', CAST(:name AS text))))
    ORDER BY editions.id
    """
)


def resolved(connection: Connection, packages: list[dict[str, Any]]) -> Content:
    """What a channel's list comes to now, for all platforms."""
    rows = connection.execute(_LISTED, {"packages": json.dumps(packages), "latest": LATEST})
    return Content(tuple(packages), tuple(sorted(File(*row) for row in rows)))


def freeze(connection: Connection, channel_id: int, content: Content) -> int:
    """A new edition; returns its id."""
    statement = insert(Edition).values(channel_id=channel_id, content=content.kept()).returning(Edition.id)
    return int(connection.execute(statement).scalar_one())


def content_of(connection: Connection, edition_id: int) -> Content | None:
    """The edition's content; None once its channel is gone."""
    kept = connection.scalar(select(Edition.content).where(Edition.id == edition_id))
    return None if kept is None else Content.read(kept)


def lower(connection: Connection, *, channel_id: int | None = None, name: str | None = None) -> None:
    """Lower the ceilings of the editions in use to what is offered by them now.

    So what is activated again, later in this transaction or another, comes to agents by a roll-out. By channel or by
    a package's name.
    """
    for row in connection.execute(_IN_USE, {"channel_id": channel_id, "name": name}).all():
        content = Content.read(row.content)
        lowered = _below(connection, content)
        if lowered.files != content.files:
            connection.execute(update(Edition).where(Edition.id == row.id).values(content=lowered.kept()))


def lower_before_activation(connection: Connection, name: str) -> None:
    """Before a package of this name is activated again: it is no part of the editions that have done without it."""
    lower(connection, name=name)


def _below(connection: Connection, content: Content) -> Content:
    said = {package["name"]: package for package in content.packages}
    files = [
        {**file._asdict(), "wanted": said[file.name]["version"], "signature": said[file.name].get("signature")}
        for file in content.files
    ]
    rows = connection.execute(_BELOW, {"files": json.dumps(files), "latest": LATEST})
    return Content(content.packages, tuple(sorted(File(*row) for row in rows)))


_PINNING = text(
    """
    SELECT channels.name FROM channels JOIN editions ON editions.channel_id = channels.id AND (
        editions.id = channels.stable_id
        OR editions.id IN (SELECT to_id FROM rollouts WHERE channel_id = channels.id
                           AND state IN ('pending', 'running', 'paused'))
    )
    WHERE editions.content -> 'packages'
          @> jsonb_build_array(jsonb_build_object('name', CAST(:name AS text), 'version', CAST(:version AS text)))
    ORDER BY channels.name LIMIT 1
    """
)


def pinning_channel(connection: Connection, name: str, version: str) -> str | None:
    """The channel one of whose editions in use pins this version; None if none does."""
    found: str | None = connection.scalar(_PINNING, {"name": name, "version": version})
    return found
