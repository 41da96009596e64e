"""Validators of text keys: hosts, URLs, buckets, secrets.

Each function takes what the file or the environment gave, and returns the value to use or refuses it.
"""

import ipaddress
import re
from urllib.parse import SplitResult, urlsplit

from app.config.faults import printable_value, refused, without_credentials

LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
HOST_NAME = re.compile(rf"(?=.{{1,253}}\Z){LABEL}(?:\.{LABEL})*\.?")
ENDPOINT = re.compile(r"(\[[^\[\]]+\]|[^:\[\]]+)(?::([0-9]{1,5}))?")
BUCKET = re.compile(r"[a-z0-9](?:[a-z0-9.-]{1,61})[a-z0-9]")
SAMPLE_SECRET = re.compile(
    r"your[-_ ].*(secret|key)|change[-_ ]?(me|this|it)|replace[-_ ]?(me|this)|in[-_ ]production"
    r"|django-insecure"
    r"|^(super|my|a[-_ ]string)[-_ ]?secret|^(this[-_ ]is[-_ ])?an?[-_ ](very[-_ ])?(long[-_ ])?secret|<.*>",
    re.IGNORECASE,
)
"""What the secrets printed in READMEs and sample files look like, the Go platform's included."""


def plain(text: str) -> str:
    """Refuse what no key takes: control characters, and text that is no UTF-8."""
    if any(ord(character) < 32 or ord(character) == 127 for character in text):
        raise refused("a text with control characters (a line end?)")
    if not _is_utf8(text):
        raise refused("a text that is not UTF-8")
    return text


def _is_utf8(text: str) -> bool:
    return not any(0xD800 <= ord(character) <= 0xDFFF for character in text)


def is_host(text: str) -> bool:
    """Whether `text` is a host name or an IP address, IPv6 without brackets."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        looks_numeric = re.fullmatch(r"[0-9.]+", text)
        return bool(HOST_NAME.fullmatch(text)) and not looks_numeric
    return True


def listen_host(text: str) -> str:
    """A host to listen on; the brackets of an IPv6 address are dropped."""
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    if not is_host(bare):
        raise refused(printable_value(text))
    return bare


def database_host(text: str) -> str:
    """A host name, an IP address, or the folder of PostgreSQL's socket."""
    if not (is_host(text) or text.startswith("/")):
        raise refused(printable_value(text))
    return text


def filled(text: str) -> str:
    """A text that may not be empty."""
    if not text.strip():
        raise refused(printable_value(text))
    return text


def endpoint(text: str) -> str:
    """`host` or `host:port`, an IPv6 address in brackets."""
    match = ENDPOINT.fullmatch(text)
    host = match[1].strip("[]") if match else ""
    port = int(match[2]) if match and match[2] else 1
    if not is_host(host) or not 1 <= port <= 65535:
        raise refused(without_credentials(text) if "@" in text else printable_value(text))
    return text


def optional_endpoint(text: str) -> str:
    """An endpoint, or empty for none."""
    return endpoint(text) if text else text


def bucket(text: str) -> str:
    """S3's rules for bucket names (general purpose buckets)."""
    if not BUCKET.fullmatch(text) or re.search(r"\.\.|\.-|-\.", text) or re.fullmatch(r"[0-9.]+", text):
        raise refused(printable_value(text))
    return text


def region(text: str) -> str:
    """The name of a region; empty for none."""
    if text and not re.fullmatch(r"(?![_-])[A-Za-z0-9_-]{1,63}(?<![_-])", text):
        raise refused(printable_value(text))
    return text


def base_url(text: str) -> str:
    """`http(s)://host[:port][/prefix]`: links are made by appending a path to it; empty for the default."""
    if text and not _is_base_url(text):
        raise refused(without_credentials(text) if "://" in text else printable_value(text))
    return text


def _is_base_url(text: str) -> bool:
    url = _split(text)
    if url is None or url.scheme not in ("http", "https") or not is_host(url.hostname or ""):
        return False
    bare = f"{url.scheme}://{url.netloc}{url.path}"
    spare = text != bare or "@" in url.netloc or url.netloc.endswith(":") or text.endswith("/")
    return not spare and bool(re.fullmatch(r"(/[A-Za-z0-9._~-]+)*", url.path))


def _split(text: str) -> SplitResult | None:
    """The parts of a URL, None where its port or its brackets are wrong."""
    try:
        url = urlsplit(text)
        wrong_port = url.port == 0
    except ValueError:
        return None
    return None if wrong_port else url


def signing_key(text: str) -> str:
    """A secret that nobody can know or try out: 32 bytes or more, and not one that was ever published."""
    length = len(text.encode())
    if SAMPLE_SECRET.search(text):
        raise refused("a published sample value")
    if length < 32:
        raise refused(f"{length} bytes" if text else "nothing")
    return text
