"""gunicorn's settings as requests are parsed with them."""

from gunicorn.config import Config

from app.server.settings import read_once

NOT_OF_REQUESTS = {"worker_class", "logger_class", "proc_name"}
"""What the arbiter alone asks for, and gunicorn makes of them when it is asked."""


def test_every_setting_keeps_its_value() -> None:
    """Under its name, and as gunicorn computes those that are more than what was set."""
    cfg = Config()
    cfg.set("limit_request_line", 1234)
    cfg.set("workers", 3)
    fixed = read_once(cfg)
    names = set(cfg.settings) - NOT_OF_REQUESTS
    assert {name: getattr(fixed, name) for name in names} == {name: getattr(cfg, name) for name in names}
    assert (fixed.limit_request_line, fixed.workers, bool(fixed.is_ssl)) == (1234, 3, False)
    assert list(fixed.forwarded_allow_networks()) == list(cfg.forwarded_allow_networks())
