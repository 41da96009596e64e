"""What a worker that verifies nothing does not load."""

import subprocess
import sys

from dev.checkout import PROJECT


def test_sigstore_is_imported_at_the_first_use() -> None:
    """The application starts without the library, which costs 115 ms and 9.5 MiB of each worker."""
    code = "import app.factory, sys; sys.exit('sigstore' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False, timeout=60).returncode == 0
