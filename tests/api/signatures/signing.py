"""Signed packages in tests, with as few words as possible."""

import io
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.packages.publishing import CONTENT, FIELDS
from tests.trust.sigstore import SHA256, SUBJECT, Sigstore

KEY = ec.generate_private_key(ec.SECP256R1())
OTHER_KEY = ec.generate_private_key(ec.SECP256R1())
NAME = "opamp-agent"
PATH = "/api/v1/packages/opamp-agent/1.0.0/linux/amd64/agent.bin"


def raw(content: bytes = CONTENT, key: Any = KEY) -> bytes:
    """A raw signature."""
    signature: bytes = key.sign(content, SHA256)
    return signature


def bundle(sigstore: Sigstore, content: bytes = CONTENT, version: str = "1.0.0") -> bytes:
    """A bundle of the workflow's run for this version."""
    return json.dumps(sigstore.sign(content, subject=SUBJECT.replace("1.2.3", version))).encode()


def pem(key: Any = KEY) -> str:
    """The public key."""
    text: str = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
    return text


def by_key(name: str = "ours", key: Any = KEY, **fields: Any) -> dict[str, Any]:
    """A signer with this key."""
    return {"name": name, "kind": "key", "key": pem(key), **fields}


def put_policy(client: FlaskClient, name: str = "release", **fields: Any) -> TestResponse:
    """Put a policy of the tests' package."""
    body = {"packages": ["opamp-*"], "mode": "enforce", "signers": [by_key()], **fields}
    headers = body.pop("headers", {})
    return client.put(f"/api/v1/policies/{name}", json=body, headers=headers)


def policy(client: FlaskClient, name: str = "release", **fields: Any) -> dict[str, Any]:
    """Put a policy that must be taken; returns its JSON."""
    response = put_policy(client, name, **fields)
    assert response.status_code in (200, 201), response.text
    content: dict[str, Any] = response.get_json()
    return content


def sign(client: FlaskClient, package: dict[str, Any], content: bytes, query: str = "?format=raw") -> TestResponse:
    """Add a signature by the package's id."""
    return client.post(f"/api/v1/packages/{package['id']}/signatures{query}", data=content)


def post_signed(client: FlaskClient, *signatures: tuple[str, bytes], **fields: Any) -> TestResponse:
    """Upload a form with signatures."""
    parts = [(io.BytesIO(content), name) for name, content in signatures]
    form = {**FIELDS, "signature": parts, "file": (io.BytesIO(CONTENT), "agent.bin"), **fields}
    return client.post("/api/v1/packages", data=form)


def seen(client: FlaskClient, package: dict[str, Any]) -> tuple[str, bool]:
    """The package's trust, and whether it is blocked, now."""
    shown = client.get(f"/api/v1/packages/{package['id']}").get_json()
    return shown["trust"], shown["blocked"]
