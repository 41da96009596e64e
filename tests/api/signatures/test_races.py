"""Uploads and signatures beside changes of policies: no package escapes a policy, none stays blocked without one."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.conftest import ClientFor
from tests.api.packages.publishing import post
from tests.api.signatures.signing import policy, put_policy, raw, sign

VERSIONS = 12


def taken(send: Callable[..., TestResponse], *arguments: Any, **fields: Any) -> TestResponse:
    """The answer, once the service has the time for one."""
    return next(answer for _ in range(20) if (answer := send(*arguments, **fields)).status_code != 503)


def test_uploads_beside_a_policy(admin: FlaskClient, client_for: ClientFor) -> None:
    """Packages that are published while a policy comes and goes have the state that the last change asks for."""
    publishers = [client_for("publisher") for _ in range(3)]

    def publish(number: int) -> None:
        for version in range(VERSIONS):
            answer = taken(post, publishers[number], version=f"{number}.{version}.0")
            assert answer.status_code in (200, 201), answer.text
            if version % 3 == 0:
                assert taken(sign, publishers[number], answer.get_json(), raw()).status_code in (200, 201)

    def unlike(query: str) -> list[str]:
        return [each["version"] for each in admin.get(f"/api/v1/packages?{query}&limit=500").get_json()]

    with ThreadPoolExecutor(3) as pool:
        uploads = [pool.submit(publish, number) for number in range(3)]
        while not all(upload.done() for upload in uploads):
            assert taken(put_policy, admin).status_code in (200, 201)
            assert taken(admin.delete, "/api/v1/policies/release").status_code in (204, 404)
        for upload in uploads:
            upload.result(60)
    assert len(unlike("trust=none")) == 3 * VERSIONS
    assert unlike("blocked=true") == []
    assert len(policy(admin)["counts"]) == 3
    assert len(unlike("blocked=true")) == 3 * VERSIONS * 2 // 3
    assert len(unlike("trust=trusted")) == 3 * VERSIONS // 3


def test_uploads_while_a_policy_arrives(admin: FlaskClient, client_for: ClientFor) -> None:
    """After the answer to the PUT nothing is free that it does not allow, whenever it was published."""
    publishers = [client_for("publisher") for _ in range(3)]

    def publish(number: int) -> None:
        for version in range(VERSIONS):
            assert taken(post, publishers[number], version=f"{number}.{version}.0").status_code in (200, 201)

    with ThreadPoolExecutor(3) as pool:
        uploads = [pool.submit(publish, number) for number in range(3)]
        assert taken(put_policy, admin).status_code in (200, 201)
        assert admin.get("/api/v1/packages?blocked=false").get_json() == []
        for upload in uploads:
            upload.result(60)
    assert admin.get("/api/v1/packages?blocked=false").get_json() == []
