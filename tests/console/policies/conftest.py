"""A signed and an unsigned version under a policy of this module's own."""

from collections.abc import Iterator

import pytest

from tests.api.signatures.signing import policy, raw, sign
from tests.console.catalogue import api, publish
from tests.console.site import Console

NAME = "sealed-agent"
SIGNED, UNSIGNED = "1.0.0", "2.0.0"
POLICY = "seal"
SIGNATURE = raw(SIGNED.encode())


@pytest.fixture(scope="module")
def sealed(console: Console) -> Iterator[dict[str, int]]:
    """The ids of NAME's versions; the policy blocks those that are not signed."""
    client = api(console)
    ids = {version: publish(console, NAME, version, content=version.encode()) for version in (SIGNED, UNSIGNED)}
    assert sign(client, {"id": ids[SIGNED]}, SIGNATURE).status_code in (200, 201)
    policy(client, POLICY, packages=[NAME])
    yield ids
    client.delete(f"/api/v1/policies/{POLICY}")
