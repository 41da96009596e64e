"""The list of policies, of which an admin may make one as long as a body of JSON."""

from flask.testing import FlaskClient
from sqlalchemy import text

from app.signatures.policy_store import AT_ONCE, PolicyStore
from app.wiring import Services
from tests.api.paging import pages

ROWS = 20
LARGE = f"""
INSERT INTO policies (name, packages, name_patterns, mode, signers)
SELECT 'policy-' || n, jsonb_build_array(repeat('x', 524288)), '{{}}', 'off', '[]' FROM generate_series(1, {ROWS}) AS n
"""


def test_pages_by_bytes(publisher: FlaskClient, parts: Services) -> None:
    """No page has 4 MiB, each policy comes once, and a few at a time from PostgreSQL."""
    with parts.database.writing() as connection:
        connection.execute(text(LARGE))
    found = pages(publisher, "policies")
    names = [policy["name"] for page in found for policy in page]
    assert (len(found), names) == (3, sorted(f"policy-{number}" for number in range(1, ROWS + 1)))
    with PolicyStore(parts.database).page(ROWS, None) as batches:
        assert len(next(batches)) == AT_ONCE
