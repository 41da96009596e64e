"""What storages do on bad days: another's bucket, a load balancer's page, a cluster without quorum."""

import time

from tests.attacks.probes import watching
from tests.attacks.row import Row
from tests.attacks.sizes import Sizes
from tests.faults.client import Client, content_of
from tests.faults.refusing_s3 import answering
from tests.faults.service import Service
from tests.faults.site import Site
from tests.scale import quorum, rig

PAGE = b"<html>We will be back soon</html>"
"""What a load balancer answers with 200."""


def another_storage(site: Site, _sizes: Sizes) -> Row:
    """B8: a service with another's bucket says so, and does nothing with it."""
    row = Row("B8 the wrong bucket", "a second service with another bucket, a download")
    package = site.client().put(b"of the right bucket").json()["id"]
    minio = {**site.service.sections["minio"], "bucket": "another"}
    second = Service(site.service.folder, {**site.service.sections, "minio": minio})
    second.start()
    try:
        client = Client(second.url, site.tokens["admin"])
        row.count([client.request("GET", "/health/ready").status, client.download(package).status])
    finally:
        second.stop()
    row.must(row.answered == {"503": 2}, "503")
    row.must(site.client().download(package).body == b"of the right bucket", "the right one goes on")
    return row


def page_in_the_storages_place(site: Site, sizes: Sizes) -> Row:
    """B3: what is not the S3's word marks nothing damaged."""
    row = Row("B3 a load balancer's page, with 200", "downloads and uploads while it answers for the S3")
    client = site.client()
    packages = [client.put(content_of(1000)).json()["id"] for _ in range(10)]
    with (
        answering(200, "text/html", PAGE) as port,
        site.storage.leading_to(port),
        watching(site.service, site.client("agent")) as others,
    ):
        end = time.monotonic() + sizes.seconds / 2
        while time.monotonic() < end:
            row.count([*(client.download(each).status for each in packages), client.put(content_of(1000)).status])
    row.beside(others)
    row.must(set(row.answered) == {"503"}, "503")
    row.must_serve(0.5 * sizes.patience)
    row.must(all(quorum.comes(client, each) for each in packages), "all packages are whole afterwards")
    return row


def without_quorum(site: Site, _sizes: Sizes) -> Row:
    """B3b: a MinIO that lacks nodes says "no such key" of what is there, and is not believed."""
    row = Row("B3b MinIO without quorum", "2, then 3 of 4 nodes killed and started, downloads all the time")
    folder = site.service.folder / "quorum"
    folder.mkdir(mode=0o755)
    with rig.running(folder) as whole:
        found = quorum.lose(whole)
    for counts in found.downloads.values():
        row.count(status for status, number in counts.items() for _ in range(number))
    row.answered |= {f"ready, {away} away": status for away, status in found.ready.items() if away > 0}
    row.must(found.statuses <= {200, 503}, "200 or 503")
    row.must(found.ready == {2: 503, 3: 503, -1: 200}, "ready only with quorum")
    row.must(found.lost == 0, "nothing is marked damaged")
    return row
