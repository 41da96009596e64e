"""Half a file, an unfit database, lost rows: what clients and operators are told, for the table of faults."""

import os
from dataclasses import dataclass
from pathlib import Path

from app.database import failures
from dev.checkout import PROJECT
from dev.parts import pgbouncer, processes
from tests.databases import execute, migrated
from tests.faults.client import Client, content_of
from tests.faults.service import FLASK, GUNICORN, Service, running
from tests.faults.site import Site

SIZE = 200_000


@dataclass(frozen=True)
class Told:
    """What was done, how often, and how often the answer was not what it must be."""

    what: str
    tried: int
    wrong: int


def half_files(client: Client) -> Told:
    """Part of a file, and a packed one: 400 and 415, and no package."""
    path, half = "/api/v1/packages/half/1.0.0/linux/amd64/file", bytes(SIZE // 2)
    found = [
        client.request("PUT", path, half, Content_Range=f"bytes {SIZE // 2}-{SIZE - 1}/{SIZE}").status,
        client.request("PUT", path, half, Content_Encoding="gzip").status,
    ]
    published = client.get("/packages?name=half").json()
    return Told("half or packed files that were taken", len(found), (found != [400, 415]) + len(published))


def unfit_databases(site: Site, folder: Path) -> Told:
    """An older schema, a database that is absent, one that has none of our tables: each has its own sentence."""
    wrong = 0
    with migrated(site.postgres, "older") as url:
        execute(url, "UPDATE alembic_version SET version_num = '0001'")
        wrong += not ready_says(folder, url, failures.BEHIND.sentence)
    wrong += not ready_says(folder, site.postgres.url("no_such_database"), failures.NO_DATABASE.sentence)
    wrong += not ready_says(folder, site.postgres.url("postgres"), failures.BEHIND.sentence)
    return Told("unfit databases without their sentence at /health/ready", 3, wrong)


def all_told(site: Site) -> list[Told]:
    """Everything."""
    folder = site.service.folder / "surroundings"
    folder.mkdir()
    return [half_files(site.client()), unfit_databases(site, folder), poolers(site, folder), lost_rows(site)]


def ready_says(folder: Path, url: str, sentence: str) -> bool:
    """Whether /health/ready is 503 and has this sentence."""
    sections = {"database": {"url": url}, "storage": {"root": folder / "objects"}}
    with running(folder, wait_for="/health/live", **sections) as service:
        answer = Client(service.url).request("GET", "/health/ready")
    return answer.status == 503 and sentence in str(answer.json()["detail"])


def poolers(site: Site, folder: Path) -> Told:
    """Behind a pooler neither the service nor a command starts: exit 1 and one line."""
    with pgbouncer.running(folder / "pgbouncer", site.postgres) as at:
        url = f"postgresql://{site.postgres.superuser}@{at}/postgres"
        environ = {**os.environ, **Service(folder, {"database": {"url": url}, "storage": {"root": folder}}).environ}
        ended = [
            processes.complete(command, env=environ, cwd=PROJECT, seconds=60)
            for command in (GUNICORN, [*FLASK, "db", "upgrade"])
        ]
    refused = [each.returncode == 1 and failures.POOLER.sentence in each.stdout for each in ended]
    return Told("starts behind a pooler", len(refused), refused.count(False))


def lost_rows(site: Site) -> Told:
    """Objects whose rows a failover has lost are found and deleted, and no other."""
    client = site.client()
    content = content_of(1000)
    kept, *lost = (client.put(each).json() for each in (content, *map(content_of, (2001, 2002, 2003))))
    ids = ", ".join(str(package["id"]) for package in lost)
    keys = ", ".join(f"'{package['storage_path'].partition('/')[2]}'" for package in lost)
    execute(site.direct_url, f"DELETE FROM packages WHERE id IN ({ids})", f"DELETE FROM objects WHERE key IN ({keys})")
    listed, deleted, again = (
        site.service.command("storage", "orphans", "--grace", "0", *more) for more in ([], ["--delete"], [])
    )
    right = [
        f"{len(lost)} orphans" in listed.stdout and listed.returncode == 1,
        deleted.returncode == again.returncode == 0,
        client.download(kept["id"]).body == content,
    ]
    return Told("orphans not found, or others touched", len(lost), right.count(False))
