"""Many packages at once: rows without objects, made by PostgreSQL itself."""

from typing import Any

FILL = """
INSERT INTO packages (name, version, version_key, is_prerelease, platform, arch, file_name, file_size, checksum,
                      content_type, object_key, fingerprint, description, is_active, created_at, updated_at, created_by)
SELECT 'package-' || lpad(name::text, 5, '0'),
       format('%%s.%%s.0', major, minor) || CASE WHEN early THEN '-rc.1' ELSE '' END,
       format('11%%s1%%s0', major, minor) || CASE WHEN early THEN '-"rc !11 ' ELSE '~' END,
       early,
       (ARRAY['linux', 'windows', 'darwin', 'linux'])[target / 3 + 1],
       (ARRAY['amd64', 'arm64', 'any', 'amd64', 'arm64', '386', 'amd64', 'arm64', 'any', 'ppc64le', 's390x', 'arm'])
           [target + 1],
       'agent-' || n || '.tar.gz', n + 1, md5(n::text) || md5((n + 1)::text), 'application/gzip',
       'objects/00/' || md5('key' || n), md5('etag' || n),
       'Collector build ' || n || CASE WHEN n %% 20000 = 7 THEN ' with zebra support' ELSE ' for the fleet' END,
       n %% 50 <> 0, now() - (%(rows)s - n) * interval '1 second', now(), 'bench'
FROM (SELECT n, n %% 12 AS target, n / 12 %% 36 / 9 + 1 AS major, n / 12 %% 9 + 1 AS minor,
             n / 12 %% 9 = 3 AS early, n / 432 AS name
      FROM generate_series(0, %(rows)s - 1) AS n) AS numbered
"""
"""432 packages for each name: 36 versions, every ninth a pre-release, for 12 platforms and architectures."""

LATER = """
SELECT indexdef, format('DROP INDEX %I', indexname) FROM pg_indexes
WHERE tablename = 'packages' AND indexname LIKE 'ix_%'
"""


def fill(connection: Any, rows: int) -> None:
    """Put `rows` packages into the empty table, and let PostgreSQL look at them. Ends the transaction."""
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL maintenance_work_mem = '256MB'")
        cursor.execute(LATER)
        indexes = cursor.fetchall()
        for _, drop in indexes:
            cursor.execute(drop)
        cursor.execute(FILL, {"rows": rows})
        for create, _ in indexes:
            cursor.execute(create)
        cursor.execute("ANALYZE packages")
    connection.commit()
