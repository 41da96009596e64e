"""HTTP proxies by the usual variables: CONNECT for https, absolute request targets for http (RFC 9110, 9.3.6)."""

from __future__ import annotations

import base64
import http.client
import ssl
import urllib.request
from urllib.parse import SplitResult, unquote, urlsplit

from opampkg.errors import WrongUsage


def proxy_of(url: SplitResult) -> SplitResult | None:
    """The proxy that HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY have for `url`. Raises WrongUsage."""
    if urllib.request.proxy_bypass(f"{url.hostname}:{url.port}" if url.port else str(url.hostname)):
        return None
    known = urllib.request.getproxies()
    address = known.get(url.scheme) or known.get("all")
    if not address:
        return None
    proxy = urlsplit(address if "://" in address else f"http://{address}")
    if proxy.scheme != "http" or not proxy.hostname:
        raise WrongUsage("The proxy is to be a URL such as http://proxy.example.com:3128.")
    return proxy


def connection(url: SplitResult, tls: ssl.SSLContext | None, timeout: float) -> http.client.HTTPConnection:
    """A connection for requests to `url`, not opened yet; `tls` for https."""
    proxy = proxy_of(url)
    host, port = (proxy or url).hostname or "", (proxy or url).port
    if tls is None:
        return http.client.HTTPConnection(host, port or (3128 if proxy else 80), timeout=timeout)
    secure = http.client.HTTPSConnection(host, port or (3128 if proxy else 443), timeout=timeout, context=tls)
    if proxy:
        secure.set_tunnel(url.hostname or "", url.port or 443, headers=_authorization(proxy))
    return secure


def request_target(url: SplitResult, path: str, proxy: SplitResult | None) -> str:
    """What stands in the request line."""
    return f"http://{url.netloc}{path}" if proxy and url.scheme == "http" else path


def request_headers(url: SplitResult, proxy: SplitResult | None) -> dict[str, str]:
    """What a proxy of plain HTTP is told with each request."""
    return _authorization(proxy) if proxy and url.scheme == "http" else {}


def _authorization(proxy: SplitResult) -> dict[str, str]:
    if proxy.username is None:
        return {}
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return {"Proxy-Authorization": f"Basic {base64.b64encode(pair.encode()).decode()}"}
