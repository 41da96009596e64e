"""How much is read of a form at once."""

import pytest

from app.http.forms.parts import DIRECT

READ_SIZES = {"through the window": 4096, "past the window": 2 * DIRECT}


@pytest.fixture(scope="module", params=READ_SIZES.values(), ids=READ_SIZES)
def read_size(request: pytest.FixtureRequest) -> int:
    """Bytes of the buffers, of both kinds."""
    size: int = request.param
    return size
