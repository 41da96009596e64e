"""The SQL of packages by name: a recursive skip scan (loose index scan), and lateral probes for each name of a page.

PostgreSQL has no skip scan of its own for DISTINCT: to group a million files by their names reads them all. So each
name is found by one probe of the index behind the last one; the list's filters have indexes with the name behind.
"""

from collections.abc import Collection

FILTERS = {
    **{name: f"{name} = %({name})s" for name in ("platform", "arch", "is_active", "trust")},
    "blocked": "blocked",  # as the partial indexes say it
}
"""SQL of each filter."""

LOOK_AHEAD = 2000
"""Names in which `q` is looked for in order, before the trigram index is asked for all the others."""


def _fits(filters: Collection[str]) -> str:
    return "".join(f" AND {condition}" for name, condition in FILTERS.items() if name in filters)


def walk(filters: Collection[str], *, continued: bool) -> str:
    """SQL for `walked (name, steps)`: names that have a file for which all `filters` hold, at most `most` of them."""
    fits = _fits(filters)
    begin = "name > %(after)s" if continued else "true"
    return f"""
    WITH RECURSIVE walked (name, steps) AS (
        (SELECT name, 1 FROM packages WHERE {begin}{fits} ORDER BY name LIMIT 1)
        UNION ALL
        SELECT behind.name, steps + 1 FROM walked CROSS JOIN LATERAL
            (SELECT name FROM packages WHERE name > walked.name{fits} ORDER BY name LIMIT 1) AS behind
        WHERE steps < %(most)s
    )"""  # noqa: S608 - made of constants


def by_name(filters: Collection[str], *, continued: bool) -> str:
    """The next `limit` names that match `pattern`, in order; the last of `most` comes too, matching or not.

    Each with `matches`, and `is_last` where the walk stops there.
    """
    return f"""{walk(filters, continued=continued)}
    SELECT name, matches, is_last
    FROM (SELECT name, name ILIKE %(pattern)s AS matches, steps = %(most)s AS is_last FROM walked) AS looked_at
    WHERE matches OR is_last LIMIT %(limit)s"""  # noqa: S608


def by_trigrams(filters: Collection[str]) -> str:
    """The next `limit` names that match `pattern`, by the trigram index: for patterns that are rare among names."""
    fits = _fits(filters)
    # OFFSET 0 keeps the planner from looking for the few in the order of names, among all the others.
    return f"""
    SELECT DISTINCT name FROM
        (SELECT name FROM packages WHERE name ILIKE %(pattern)s AND name > %(after)s{fits} OFFSET 0) AS matching
    ORDER BY name LIMIT %(limit)s"""  # noqa: S608


def by_upload(filters: Collection[str], *, continued: bool) -> str:
    """The `limit` names whose last upload is the newest, before `uploaded` and `name`; `names` tells of how many."""
    before = "AND (uploaded_at, name) < (%(uploaded)s, %(name)s)" if continued else ""
    return f"""{walk(filters, continued=False)}
    SELECT name, uploaded_at, names
    FROM (SELECT name, count(*) OVER () AS names, (
              SELECT created_at FROM packages WHERE packages.name = walked.name ORDER BY created_at DESC LIMIT 1
          ) AS uploaded_at FROM walked) AS dated
    WHERE name ILIKE %(pattern)s {before} ORDER BY uploaded_at DESC, name DESC LIMIT %(limit)s"""  # noqa: S608


def _newest(condition: str) -> str:
    """SQL for the newest of a name's files: one probe for each platform and arch, whatever the number of versions."""
    file = f"""
        SELECT platform, arch, version, version_key, id, created_at FROM packages
        WHERE name = wanted.name AND {condition}"""  # noqa: S608
    order = "ORDER BY platform, arch, version_key DESC, id DESC LIMIT 1"
    return f"""
    WITH RECURSIVE target AS (
        ({file} {order})
        UNION ALL
        SELECT behind.* FROM target CROSS JOIN LATERAL
            ({file} AND (platform, arch) > (target.platform, target.arch) {order}) AS behind
    )
    SELECT version, version_key, created_at FROM target ORDER BY version_key DESC, id DESC LIMIT 1"""  # noqa: S608


DETAILS = f"""
SELECT wanted.name, last.created_at AS uploaded_at, last.created_by, last.created_by_kind, last.description,
       release.version AS release, release.created_at AS release_at,
       CASE WHEN early.version_key > coalesce(release.version_key, '') THEN early.version END AS prerelease,
       early.created_at AS prerelease_at, withheld.version AS withheld, withheld.created_at AS withheld_at,
       withheld.is_active AS is_blocked,
       (SELECT jsonb_object_agg(platform, files) FROM (
            SELECT platform, count(*) AS files FROM packages
            WHERE name = wanted.name AND version = coalesce(release.version, early.version, withheld.version)
              AND (is_active AND NOT blocked) = (early.version IS NOT NULL)
            GROUP BY platform
       ) AS counted) AS files
FROM (SELECT name COLLATE "C" AS name, place FROM unnest(%(names)s::text[]) WITH ORDINALITY AS listed (name, place))
     AS wanted
CROSS JOIN LATERAL (
    SELECT created_at, created_by, created_by_kind, left(description, 200) AS description FROM packages
    WHERE name = wanted.name ORDER BY created_at DESC, id DESC LIMIT 1
) AS last
LEFT JOIN LATERAL ({_newest("is_active AND NOT blocked AND NOT is_prerelease")}) AS release ON true
LEFT JOIN LATERAL ({_newest("is_active AND NOT blocked")}) AS early ON true
LEFT JOIN LATERAL (
    SELECT version, created_at, is_active FROM packages
    WHERE name = wanted.name AND early.version IS NULL ORDER BY version_key DESC, id DESC LIMIT 1
) AS withheld ON true
ORDER BY place
"""  # noqa: S608 - made of constants
"""What is shown of each of `names`. A name whose files were all deleted meanwhile is left out."""
