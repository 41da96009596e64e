"""gunicorn's settings: those that this worker does not honour stop the start, the others are read once."""

from types import SimpleNamespace
from typing import Any

_BEHIND_A_PROXY = "TLS is for a proxy in front, see docs/deployment.md"
_BY_SIGNALS = "SIGHUP replaces workers"
_NO_HOOKS = "the application's own hooks see every request"
_OWN_LOG = "the service logs each request by itself, see docs/operations.md"
_OWN_PROXIES = "server.trusted_proxies says whom to believe"
_STRICT = "what is refused was tested with gunicorn's default"
_ONE_PROTOCOL = "the service speaks HTTP/1.1 only"

_NOT_HONOURED = {
    _BEHIND_A_PROXY: {
        "ca_certs",
        "cert_reqs",
        "certfile",
        "ciphers",
        "do_handshake_on_connect",
        "keyfile",
        "ssl_context",
        "ssl_version",
        "suppress_ragged_eofs",
    },
    _BY_SIGNALS: {"max_requests", "max_requests_jitter"},
    _NO_HOOKS: {"post_request", "pre_request"},
    _OWN_LOG: {
        "access_log_format",
        "accesslog",
        "disable_redirect_access_to_syslog",
        "dogstatsd_tags",
        "statsd_host",
    },
    _OWN_PROXIES: {
        "forwarded_allow_ips",
        "forwarder_headers",
        "proxy_allow_ips",
        "proxy_protocol",
        "secure_scheme_headers",
    },
    _STRICT: {
        "casefold_http_method",
        "header_map",
        "http_parser",
        "permit_obsolete_folding",
        "permit_unconventional_http_method",
        "permit_unconventional_http_version",
        "strip_header_spaces",
    },
    _ONE_PROTOCOL: {
        "asgi_lifespan",
        "asgi_loop",
        "dirty_apps",
        "dirty_workers",
        "http2_cleartext",
        "http_protocols",
        "protocol",
        "root_path",
        "uwsgi_allow_ips",
    },
}
_REASONS = {name: reason for reason, names in _NOT_HONOURED.items() for name in names}

_OURS = {"forwarded_allow_ips": "", "forwarder_headers": "", "secure_scheme_headers": {}, "http_parser": "python"}
"""What gunicorn.conf.py sets, of these."""


def refuse_unsupported(cfg: Any) -> None:
    """Raises SystemExit with one line if a setting, wherever it comes from, asks for what it would not get."""
    asked = [name for name, setting in cfg.settings.items() if name in _REASONS and _is_asked_for(setting)]
    if asked:
        told = "; ".join(f"{name} ({_REASONS[name]})" for name in sorted(asked))
        raise SystemExit(f"opamp-packages: gunicorn's settings that the service does not honour: {told}")


def read_once(cfg: Any) -> SimpleNamespace:
    """What requests are parsed and their environ is made with, by gunicorn's names.

    gunicorn looks up some twenty settings for a request, each through two calls in its `Config`: 24 of 49 µs
    (docs/performance.md).
    """
    computed = ("is_ssl", "sendfile", "forwarded_allow_networks", "proxy_allow_networks")
    values = {name: setting.get() for name, setting in cfg.settings.items()}
    return SimpleNamespace(**values | {name: getattr(cfg, name) for name in computed})


def _is_asked_for(setting: Any) -> bool:
    value = setting.get()
    if value == type(setting)().get():
        return False
    ours = type(setting)()
    if setting.name not in _OURS:
        return True
    ours.set(_OURS[setting.name])
    return bool(value != ours.get())
