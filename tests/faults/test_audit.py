"""The auditor sees what it is there to see: otherwise its zeros would mean nothing."""

import io

from tests.databases import execute
from tests.faults.audit import Acknowledged, examine, leftovers
from tests.faults.client import Client, content_of, sha256
from tests.faults.damage import key_of
from tests.faults.site import Site

STRAY = "objects/ff/stray"


def test_it_sees_lost_packages_and_bytes(site: Site, admin: Client) -> None:
    """An acknowledged package that is gone is lost; a listed one without its object has no bytes."""
    content = content_of(1000)
    gone, empty = (admin.put(content).json() for _ in range(2))
    assert admin.delete(gone["id"]).status == 204
    site.bucket_client.remove_object(site.bucket, key_of(empty))
    found = examine(site, admin, Acknowledged({gone["id"]: sha256(content)}))
    assert (found.lost, found.rows_without_bytes) == (1, 1)
    assert admin.delete(empty["id"]).status == 204


def test_it_sees_what_is_left(site: Site) -> None:
    """An object that no row names, a multipart upload that nobody ends, a live key without a package."""
    client = site.bucket_client
    client.put_object(site.bucket, STRAY, io.BytesIO(b"stray"), 5)
    upload_id = client._create_multipart_upload(site.bucket, STRAY, {})
    execute(site.direct_url, f"INSERT INTO objects (key, state) VALUES ('{STRAY}-row', 'live')")
    try:
        found = leftovers(site)
        assert (found.left_objects, found.left_uploads, found.left_rows) == (1, 1, 1)
    finally:
        client.remove_object(site.bucket, STRAY)
        client._abort_multipart_upload(site.bucket, STRAY, upload_id)
        execute(site.direct_url, f"DELETE FROM objects WHERE key = '{STRAY}-row'")
    assert leftovers(site).wrong == 0
