"""The service's worker with short times, so that tests see them end, and without the tricks that TEST_WITHOUT names."""

import json
import os
from dataclasses import replace

from app.server.limits import Limits
from app.server.response import StreamedResponse
from app.server.worker import Worker

WITHOUT = os.environ.get("TEST_WITHOUT", "").split()
OFF = {name: 0.0 for name in ("keepalive_spin",) if name in WITHOUT}

StreamedResponse.splices = "splice" not in WITHOUT


class QuickWorker(Worker):
    """All that takes seconds takes a fraction of one."""

    limits = replace(
        Limits(head_timeout=1.0, body_timeout=1.5, stall_timeout=1.5, tick=0.05),
        **OFF,
        **json.loads(os.environ.get("TEST_LIMITS", "{}")),
    )
    balances = "balance" not in WITHOUT
