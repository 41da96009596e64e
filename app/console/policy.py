"""Security headers of the console's pages: a strict Content Security Policy, and no other window beside.

Referrer-Policy is `same-origin`: with `no-referrer` a form of our own would post `Origin: null`.
"""

from flask import Response

BASE = (
    "default-src 'none'; script-src 'self'{more}; style-src 'self'; img-src 'self'; font-src 'self'; "
    "connect-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
POLICY = BASE.format(more="")
HASH_WORKER_POLICY = BASE.format(more=" 'wasm-unsafe-eval'")
"""For the worker that hashes files, which is the only one to compile WebAssembly."""

HEADERS = {
    "Content-Security-Policy": POLICY,
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
}
"""app.http.security_headers adds nosniff and no-store."""


def protect(response: Response) -> None:
    """Add what `response` has not got. A package's bytes keep the API's policy, which lets them do nothing at all."""
    if "Content-Disposition" not in response.headers:
        for name, value in HEADERS.items():
            response.headers.setdefault(name, value)
