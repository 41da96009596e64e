"""The matrix on a package's page against the files that the API lists."""

import re
from typing import Any

from flask.testing import FlaskClient

from tests.console.catalogue import LATEST, MAIN, api
from tests.console.site import Console

CELL = re.compile(r'data-cell="([^"]+)" data-state="([a-z]+)"')


def test_cells_are_the_files(catalogue: Console, admin: FlaskClient) -> None:
    """Each file is a cell, active or yanked; a hole is what an older version has and this has not."""
    shown: dict[str, str] = dict(CELL.findall(admin.get(f"/ui/packages/{MAIN}").text))
    listed: list[dict[str, Any]] = api(catalogue).get(f"/api/v1/packages?name={MAIN}&limit=500").get_json()
    cells = {f"{file['version']} {file['platform']}/{file['arch']}": file["is_active"] for file in listed}
    found = {cell: state == "have" for cell, state in shown.items() if state in ("have", "yanked")}
    assert found == cells
    assert shown[f"{LATEST} windows/386"] == "gap"
    assert shown["0.116.0 linux/s390x"] == "never"
    assert len(shown) == 6 * 10


def test_a_damaged_file(catalogue: Console, admin: FlaskClient) -> None:
    """A file whose stored bytes are damaged is a cell of its own kind, and its page says how it is repaired."""
    shown = dict(CELL.findall(admin.get("/ui/packages/otelcol").text))
    assert shown["0.118.0 linux/s390x"] == "damaged"
    assert "Upload the same file again" in admin.get("/ui/packages/otelcol/0.118.0").text


def test_agents_that_wait(catalogue: Console, admin: FlaskClient) -> None:
    """A platform without a file of the latest version is named, with the number of agents that have the package."""
    page = admin.get(f"/ui/packages/{MAIN}").text
    assert re.search(r"<b>windows/386</b> has no file of 0\.119\.0: 6 agents stay", page)
