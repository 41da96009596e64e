"""Queries behind offers: at most three, whatever the number of packages."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import Connection, Row, text

from app.offers.delivery import AS_IT_IS, Delivery, deliveries, delivery_hash
from app.offers.models import OfferVersion
from app.offers.offer import Offer, OfferedPackage
from app.packages.links import file_path
from app.packages.versions import LATEST
from app.rollouts.content import Content, File
from app.signatures.carrying import carried_signature, has_signature

VERSION = f"(SELECT coalesce(sum(value), 0)::bigint FROM {OfferVersion.__tablename__})"  # noqa: S608 - our own name
"""SQL for the offers' version. Read it before what it is the version of: what is read then is as new at least."""

_CHANNELS = text(
    """
    SELECT name, match, stable_id, (SELECT content FROM editions WHERE id = stable_id) AS stable, coalesce((
        SELECT jsonb_agg(jsonb_build_array(p.name, p.version, p.type) ORDER BY p.position)
        FROM channel_packages p WHERE p.channel_id = channels.id
    ), '[]') AS packages, coalesce((
        SELECT jsonb_object_agg(p.name, jsonb_build_array(p.signature, p.seen_as, p.version_as))
        FROM channel_packages p WHERE p.channel_id = channels.id
          AND (p.signature IS NOT NULL OR p.seen_as IS NOT NULL OR p.version_as IS NOT NULL)
    ), '{}') AS delivery
    FROM channels
    """
)

_PINNED = """
    SELECT {rank} AS rank, id, version, arch, file_name, checksum FROM packages
    WHERE wanted.version <> :latest AND name = wanted.name AND version = wanted.version
      AND platform = :platform AND arch = {arch} AND NOT blocked AND {signed}{ceiling}
"""
_NEWEST = """
    SELECT {rank} AS rank, id, version, arch, file_name, checksum FROM packages
    WHERE wanted.version = :latest AND name = wanted.name AND is_active AND NOT is_prerelease
      AND platform = :platform AND arch = {arch} AND NOT blocked AND {signed}{ceiling}
    ORDER BY version_key DESC, id DESC LIMIT 1
"""
_CEILING = """
      AND (version_key, id) <= (
          SELECT key, newest FROM ceilings WHERE ceilings.name = wanted.name AND ceilings.arch = {arch}
      )
"""
_CEILINGS = """
    WITH ceilings AS MATERIALIZED (
        SELECT name COLLATE "C" AS name, arch COLLATE "C" AS arch, key COLLATE "C" AS key, newest
        FROM unnest(CAST(:of AS text[]), CAST(:archs AS text[]), CAST(:keys AS text[]), CAST(:ids AS bigint[]))
             AS listed (name, arch, key, newest)
    )
"""


def _files(ceilings: str = "", ceiling: str = "") -> Any:
    signed = has_signature("packages.id", "wanted.signature")
    probes = " UNION ALL ".join(
        f"({probe.format(rank=rank, arch=arch, signed=signed, ceiling=ceiling.format(arch=arch))})"
        for rank, arch in enumerate((":arch", "'any'"))
        for probe in (_PINNED, _NEWEST)
    )
    return text(
        f"""{ceilings}
    SELECT wanted.name, wanted.type, found.*, {carried_signature("found.id", "wanted.signature")} AS signature
    FROM (
        SELECT name COLLATE "C" AS name, version COLLATE "C" AS version, type, signature
        FROM unnest(CAST(:names AS text[]), CAST(:versions AS text[]), CAST(:types AS text[]),
             CAST(:signatures AS text[])) AS listed (name, version, type, signature)
    ) AS wanted
    CROSS JOIN LATERAL (SELECT * FROM ({probes}) AS probed ORDER BY rank LIMIT 1) AS found
    """  # noqa: S608 - made of constants
    )


_FILES = _files()
"""Each package's file for one platform: of the exact arch before `any`, pinned or the newest active release."""

_FILES_OF_EDITION = _files(_CEILINGS, _CEILING)
"""The same, no newer than an edition has it. What has no ceiling has no file."""


@dataclass(frozen=True, slots=True)
class ChannelRule:
    """A channel as offers need it; each of `packages` is name, version and type.

    `delivery`: how those are told to agents that are not told as they are, by name.
    """

    name: str
    match: dict[str, Any]
    packages: tuple[tuple[str, str, str], ...]
    delivery: dict[str, Delivery] = field(default_factory=dict)
    stable_id: int | None = None
    """The edition that agents get by default, where the channel has roll-outs."""

    stable: Content | None = None
    """That edition."""

    ceilings: tuple[File, ...] | None = None
    """The newest files that may be offered, if this is the channel by one of its editions."""

    def by(self, edition: Content) -> "ChannelRule":
        """The channel with the edition's list in place of its own."""
        listed = tuple((package["name"], package["version"], package["type"]) for package in edition.packages)
        return replace(self, packages=listed, delivery=deliveries(edition.packages), ceilings=edition.files)

    def fits(self, attributes: dict[str, Any]) -> bool:
        """Whether `attributes` hold all that the channel asks for, each exactly."""
        return all(self.holds(name, attributes) for name in self.match)

    def holds(self, name: str, attributes: dict[str, Any]) -> bool:
        """Whether `attributes` hold this one of all that the channel asks for."""
        return name in attributes and same(attributes[name], self.match[name])


def same(one: Any, other: Any) -> bool:
    """Whether two attribute values are equal; true is not 1."""
    return isinstance(one, bool) is isinstance(other, bool) and bool(one == other)


def channel_rules(connection: Connection) -> list[ChannelRule]:
    """All channels, those that ask for most first, then by name: the first that fits wins."""
    rules = [
        ChannelRule(
            row.name,
            row.match,
            tuple(tuple(package) for package in row.packages),
            delivered(row.delivery),
            stable_id=row.stable_id,
            stable=None if row.stable is None else Content.read(row.stable),
        )
        for row in connection.execute(_CHANNELS)
    ]
    return sorted(rules, key=by_precedence)


def by_precedence(rule: ChannelRule) -> tuple[int, str]:
    """Sorts channels in the order in which they are tried: the first that fits wins."""
    return -len(rule.match), rule.name


def current_version(connection: Connection) -> int:
    """The offers' version."""
    return int(connection.exec_driver_sql(f"SELECT {VERSION}").scalar_one())


def resolve(connection: Connection, rule: ChannelRule, platform: str, arch: str, public_url: str) -> Offer:
    """The channel's offer for a canonical platform and arch; either may be one that no file is for."""
    if not rule.packages:
        return Offer(rule.name, ())
    names, versions, types = (list(column) for column in zip(*rule.packages, strict=True))
    signatures = [rule.delivery.get(name, AS_IT_IS).signature for name in names]
    wanted = {"names": names, "versions": versions, "types": types, "signatures": signatures}
    statement = _FILES if rule.ceilings is None else _FILES_OF_EDITION
    place = {"platform": platform, "arch": arch, "latest": LATEST, **_ceilings(rule.ceilings, platform)}
    rows = connection.execute(statement, {**wanted, **place})
    packages = tuple(sorted(_offered(rule, rows.all(), platform, public_url), key=lambda package: package.name))
    told = {rule.delivery.get(name, AS_IT_IS).name(name) for name in names}
    return Offer(rule.name, packages, frozenset(told) - {package.name for package in packages})


def _ceilings(files: tuple[File, ...] | None, platform: str) -> dict[str, list[Any]]:
    mine = [file for file in files or () if file.platform == platform]
    columns = {"of": "name", "archs": "arch", "keys": "version_key", "ids": "id"}
    return {parameter: [getattr(file, column) for file in mine] for parameter, column in columns.items() if files}


def delivered(said: dict[str, list[str | None]]) -> dict[str, Delivery]:
    """What a channel's row says of its packages' delivery, by their names."""
    return {name: Delivery(*columns) for name, columns in said.items()}


def _offered(rule: ChannelRule, rows: Sequence[Row[Any]], platform: str, public_url: str) -> Iterator[OfferedPackage]:
    for row in rows:
        path = file_path(row.name, row.version, platform, row.arch, row.file_name)
        url = public_url.rstrip("/") + path
        how = rule.delivery.get(row.name, AS_IT_IS)
        signature = how.told(row.signature)
        own_hash = delivery_hash(how, row, row.type, url, signature)
        name, version = how.name(row.name), how.version(row.version)
        yield OfferedPackage(name, row.type, version, row.id, row.checksum, path, url, own_hash, signature)
