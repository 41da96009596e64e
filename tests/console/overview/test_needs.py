"""What needs people: tokens that end, versions that are missing for agents, and what the service's page knows."""

import re
from datetime import timedelta

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from app.agents.missing import MissingFile, MissingFiles
from app.console.live import FIGURES
from app.console.text import at_most
from tests.console.catalogue import LATEST, MAIN
from tests.console.site import Console


def test_tokens_that_end(catalogue: Console, admin: FlaskClient, publisher: FlaskClient) -> None:
    """The admin is told of a token that ends within a fortnight, not of one that lasts or has ended."""
    page = admin.get("/ui/").text
    assert "The token <b>fleet in Berlin</b> ends" in page
    assert "<b>release job</b>" not in page
    assert "<b>old collector</b>" not in page
    assert "fleet in Berlin" not in publisher.get("/ui/").text


def test_versions_that_are_missing(catalogue: Console, publisher: FlaskClient, agent: FlaskClient) -> None:
    """Who may publish is told which platform's agents wait for a file, and is led to its upload."""
    page = publisher.get("/ui/").text
    assert "has no file for windows/386" in page
    assert f"/ui/upload?name={MAIN}&amp;version={LATEST}&amp;platform=windows&amp;arch=386" in page
    assert "has no file for" not in agent.get("/ui/").text


def test_missing_of_latest_and_of_pins(catalogue: Console) -> None:
    """`latest` is the newest active release; a file for any architecture will do, and a yanked one where pinned."""
    missing = MissingFiles(catalogue.parts.database)
    assert missing.first(9) == [MissingFile(MAIN, LATEST, "windows", "386", 6)]
    pin = text("UPDATE channel_packages SET version = :version WHERE name = :name AND version = :before")
    with catalogue.parts.database.writing() as connection:
        connection.execute(pin, {"name": MAIN, "before": "latest", "version": "0.117.0"})
    assert missing.first(9) == []
    with catalogue.parts.database.writing() as connection:
        connection.execute(pin, {"name": MAIN, "before": "0.117.0", "version": "latest"})


def test_the_parts_times(catalogue: Console, admin: FlaskClient) -> None:
    """Each part that answers tells within what time it did."""
    page = admin.get("/ui/service").text
    for part in ("database", "storage"):
        shown = page.partition(f'data-part="{part}"')[2].partition("</div>")[0]
        assert re.search(r"within \d+ ms|after \d+ s", shown)


def test_storage_used(catalogue: Console, admin: FlaskClient) -> None:
    """Few files are added up: their number and their bytes are exact."""
    FIGURES.forget()
    query = text("SELECT count(*) AS files, sum(file_size) / 1000000000 AS gigabytes FROM packages")
    with catalogue.parts.database.reading() as connection:
        row = connection.execute(query).one()
    page = admin.get("/ui/service").text
    assert f">{row.files}<" in page.partition('data-part="files"')[2].partition("</div>")[0]
    assert f"{row.gigabytes:.1f} GB" in page.partition('data-part="bytes"')[2].partition("</div>")[0]


def test_the_last_reconcile(catalogue: Console, admin: FlaskClient) -> None:
    """It says when it was, what it gave up and deleted, and that the next one has taken its place."""
    catalogue.parts.reconciler.run(timedelta(0))  # what other tests have left
    key = catalogue.parts.reconciler.ledger.reserve()
    catalogue.parts.reconciler.run(timedelta(0))
    assert "1 upload given up, 1 object deleted." in upkeep(admin)
    catalogue.parts.reconciler.run()
    assert "0 uploads given up, 0 objects deleted." in upkeep(admin)
    assert key not in upkeep(admin)


def upkeep(admin: FlaskClient) -> str:
    """What the service's page says about the last reconcile."""
    return admin.get("/ui/service").text.partition('data-upkeep="reconcile"')[2].partition("</li>")[0]


@pytest.mark.parametrize(
    ("seconds", "told"), [(0.0004, "within 2 ms"), (0.0021, "within 5 ms"), (2.0, "within 2000 ms"), (2.6, "after 3 s")]
)
def test_a_time_is_a_step(seconds: float, told: str) -> None:
    """Times are told by steps, so that a page whose parts are as fast as before is a 304."""
    assert at_most(seconds) == told
