"""The service's worker with short times, so that tests see them end."""

from app.server.worker import Worker


class QuickWorker(Worker):
    """All that takes seconds takes a fraction of one."""

    head_timeout = 1.0
    stall_timeout = 1.5
    linger = 2.0
    patience = 0.05
    tick = 0.05
