"""Sigstore's trusted root, cut to what was in force at the proven time, and verifiers by it.

sigstore 4.5.1 ignores the end of `validFor` of a certificate authority or log: what is not in the root cannot be used.
The library is imported at the first use: 115 ms, and 9.5 MiB of each worker that verifies.
"""

import functools
import json
from collections.abc import Iterable
from datetime import datetime
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from app.trust.strict_json import Malformed, member

if TYPE_CHECKING:
    from sigstore.verify import Verifier

PUBLIC = "public"
PUBLIC_ROOT = "https%3A%2F%2Ftuf-repo-cdn.sigstore.dev/trusted_root.json"
MEDIA_TYPE = "application/vnd.dev.sigstore.trustedroot+json;version=0.1"

_LOGS, _AUTHORITIES = ("tlogs", "ctlogs"), ("certificateAuthorities", "timestampAuthorities")
_OPTIONAL = {"uri": "", "validFor": {"start": "1970-01-01T00:00:00Z"}}
_SUBJECT = {"organization": "", "commonName": ""}
"""What the specification lets an authority and its subject leave out, and the library does not."""


@functools.cache
def public_root() -> dict[str, Any]:
    """The root of the public-good Sigstore, as the release of the library ships it."""
    root: dict[str, Any] = json.loads(files("sigstore").joinpath("_store", *PUBLIC_ROOT.split("/")).read_bytes())
    return root


def read_root(root: str | dict[str, Any]) -> dict[str, Any]:
    """`public`, or a TrustedRoot as JSON, which is returned when it can be used. Raises Malformed."""
    if root == PUBLIC:
        return public_root()
    if not isinstance(root, dict):
        raise Malformed("Must be `public` or a TrustedRoot (JSON object).")
    try:
        for each in (entry for name in (*_LOGS, *_AUTHORITIES) for entry in root.get(name) or ()):
            in_force(each, ())
        verifier(root_at(root, ()))
    except Exception as error:  # whatever a hostile root breaks in reading: it is none
        raise Malformed("Must be a TrustedRoot with certificate authorities, ctlogs and tlogs.") from error
    return root


def root_at(root: dict[str, Any], times: Iterable[datetime]) -> str:
    """The JSON of what of `root` was in force at all of `times`."""
    moments = tuple(times)
    kept = {
        name: [_completed(entry) for entry in root.get(name) or () if in_force(entry, moments)] for name in _AUTHORITIES
    }
    kept |= {name: [entry for entry in root.get(name) or () if in_force(entry, moments)] for name in _LOGS}
    return json.dumps({"mediaType": MEDIA_TYPE, **kept}, sort_keys=True)


def _completed(authority: dict[str, Any]) -> dict[str, Any]:
    return {**_OPTIONAL, **authority, "subject": _SUBJECT | (authority.get("subject") or {})}


def in_force(entry: Any, moments: Iterable[datetime]) -> bool:
    """Whether a log or authority of the root was valid at all `moments`, both ends included."""
    valid_for = member(entry, "validFor", kind=dict) or member(entry, "publicKey", "validFor", kind=dict) or {}
    start, end = (None if valid_for.get(name) is None else _moment(valid_for[name]) for name in ("start", "end"))
    return all((start is None or start <= moment) and (end is None or moment <= end) for moment in moments)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    if moment.tzinfo is None:
        raise Malformed("A time of the root has no zone.")
    return moment


@functools.lru_cache(maxsize=32)
def verifier(root: str) -> "Verifier":
    """A verifier by this root, which has what it takes. Raises what sigstore raises."""
    from sigstore._internal.trust import KeyringPurpose  # noqa: PLC0415 - see above
    from sigstore.models import TrustedRoot  # noqa: PLC0415
    from sigstore.verify import Verifier  # noqa: PLC0415
    from sigstore_models.trustroot.v1 import TrustedRoot as Model  # noqa: PLC0415

    trusted = TrustedRoot(Model.from_json(root))
    made = Verifier(trusted_root=trusted)
    for keys in (trusted.rekor_keyring, trusted.ct_keyring):
        keys(KeyringPurpose.VERIFY)
    trusted.get_timestamp_authorities()
    return made
