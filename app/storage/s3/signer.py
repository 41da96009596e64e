"""AWS Signature Version 4 (SigV4) of S3 requests, in their Authorization header.

Not minio-py's signer, which derives its key anew for each request, in 0.1 ms; after 8 MiB have passed through the
processor's cache, as with each part of an upload, that is 0.3 ms.
"""

import hashlib
import hmac
from collections.abc import Mapping

ALGORITHM = "AWS4-HMAC-SHA256"


class Signer:
    """Signs for one account in one region."""

    def __init__(self, access_key: str, secret_key: str, region: str) -> None:
        self._access_key = access_key
        self._secret_key = secret_key
        self._region = region
        self._key_of_day = ("", b"")

    def authorization(self, method: str, path: str, query: str, headers: Mapping[str, str]) -> str:
        """The header's value. `path` and `query` are percent-encoded, the query's names in order.

        All `headers` are signed: names in lower case, host, x-amz-date and x-amz-content-sha256 among them, and no
        text with two spaces in a row.
        """
        moment = headers["x-amz-date"]
        day = moment[:8]
        names = sorted(headers)
        signed = ";".join(names)
        lines = "".join(f"{name}:{headers[name]}\n" for name in names)
        request = f"{method}\n{path}\n{query}\n{lines}\n{signed}\n{headers['x-amz-content-sha256']}"
        scope = f"{day}/{self._region}/s3/aws4_request"
        digest = hashlib.sha256(request.encode()).hexdigest()
        signature = _hmac(self._key(day), f"{ALGORITHM}\n{moment}\n{scope}\n{digest}").hex()
        return f"{ALGORITHM} Credential={self._access_key}/{scope}, SignedHeaders={signed}, Signature={signature}"

    def _key(self, day: str) -> bytes:
        known_day, key = self._key_of_day
        if known_day != day:
            key = f"AWS4{self._secret_key}".encode()
            for text in (day, self._region, "s3", "aws4_request"):
                key = _hmac(key, text)
            self._key_of_day = (day, key)
        return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.digest(key, text.encode(), "sha256")
