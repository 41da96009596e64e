"""Signatures beside packages."""

import hashlib
import io
import json

import pytest
from flask.testing import FlaskClient

from tests.api.conftest import problem_of
from tests.api.packages.publishing import CONTENT, FIELDS, post, published
from tests.api.signatures.signing import PATH, bundle, by_key, policy, post_signed, raw, seen, sign
from tests.trust.sigstore import ISSUER, SUBJECT, THEN, Sigstore


@pytest.fixture(scope="module")
def sigstore() -> Sigstore:
    """A Sigstore of our own."""
    return Sigstore()


def test_add(publisher: FlaskClient, sigstore: Sigstore) -> None:
    """201 with its place and what it says; the same bytes again 200."""
    package, content = published(publisher), bundle(sigstore)
    response = sign(publisher, package, content, "")
    digest = hashlib.sha256(content).hexdigest()
    assert response.status_code == 201
    assert response.headers["Location"].endswith(f"/api/v1/packages/{package['id']}/signatures/{digest}")
    signature = response.get_json()
    assert (signature["digest"], signature["format"], signature["size"]) == (digest, "sigstore", len(content))
    assert signature["signer"] == {"issuer": ISSUER, "subject": SUBJECT.replace("1.2.3", "1.0.0"), "key_id": None}
    assert (signature["verified_by"], signature["signed_at"]) == ([], None)
    assert signature["created_by"] == "publisher of the tests"
    again = sign(publisher, package, content, "")
    assert (again.status_code, again.get_json()) == (200, signature)


def test_signed_at_is_proven(admin: FlaskClient, sigstore: Sigstore) -> None:
    """The time of a bundle is told once a signer's root proves it."""
    package = published(admin)
    signer = {"name": "ci", "kind": "sigstore", "issuer": ISSUER, "subject": SUBJECT.replace("1.2.3", "{version}")}
    sign(admin, package, bundle(sigstore), "")
    policy(admin, signers=[{**signer, "root": sigstore.root()}])
    (listed,) = admin.get(f"/api/v1/packages/{package['id']}/signatures").get_json()
    assert listed["signed_at"].startswith(THEN.strftime("%Y-%m-%dT%H:%M:%S"))
    assert listed["verified_by"] == ["release/ci"]


def test_list_and_download(publisher: FlaskClient, agent: FlaskClient, sigstore: Sigstore) -> None:
    """The oldest first; the bytes as they were sent, under the package's name and a suffix."""
    package, first, second = published(publisher), raw(), bundle(sigstore)
    digests = [sign(publisher, package, content).get_json()["digest"] for content in (first, second)]
    base = f"/api/v1/packages/{package['id']}/signatures"
    assert [each["digest"] for each in agent.get(base).get_json()] == digests
    download = agent.get(f"{base}/{digests[1]}")
    assert download.data == second
    assert download.headers["ETag"] == f'"{digests[1]}"'
    assert download.headers["Content-Disposition"] == "attachment; filename=agent.bin.sigstore.json"
    assert agent.get(f"{base}/{digests[0]}", headers={"Range": "bytes=0-3"}).data == first[:4]
    assert agent.head(f"{base}/{digests[0]}").content_length == len(first)
    assert agent.get(f"{base}/{'0' * 64}").status_code == agent.get(f"{base}/x").status_code == 404


def test_by_path(publisher: FlaskClient, agent: FlaskClient, sigstore: Sigstore) -> None:
    """PUT and GET of the package's path with a suffix behind it."""
    package = published(publisher)
    content = bundle(sigstore)
    assert publisher.put(f"{PATH}.sigstore.json", data=content).status_code == 201
    assert publisher.put(f"{PATH}.sig", data=content).status_code == 200
    assert agent.get(f"{PATH}.sigstore.json").data == content
    assert agent.get(f"{PATH}.asc").status_code == 404
    assert publisher.put(f"{PATH}.asc", data=content).status_code == 422
    assert seen(agent, package) == ("none", False)


def test_a_suffix_is_never_an_upload(publisher: FlaskClient) -> None:
    """Without a package, and behind another name, 404."""
    assert publisher.put(f"{PATH}.sig", data=raw()).status_code == 404
    published(publisher)
    refused = publisher.put(PATH.replace("agent.bin", "other.bin.sig"), data=raw())
    assert (refused.status_code, "agent.bin" in problem_of(refused)["detail"]) == (404, True)
    assert len(publisher.get("/api/v1/packages").get_json()) == 1


def test_a_file_really_named_so(publisher: FlaskClient, agent: FlaskClient) -> None:
    """A package whose own file has such a name comes by a form, and is what its path gives."""
    published(publisher, file_name="list.asc")
    path = PATH.replace("agent.bin", "list.asc")
    assert agent.get(path).data == CONTENT
    assert publisher.put(path, data=CONTENT).status_code == 200
    assert publisher.put(path, data=b"other").status_code == 409
    assert publisher.put(f"{path}.sig", data=raw()).status_code == 201


def test_in_the_form(publisher: FlaskClient) -> None:
    """All signatures of a form are there with the package."""
    response = post_signed(publisher, ("agent.bin.sig", raw()), ("x.sig", b"anything"))
    assert response.status_code == 201
    listed = publisher.get(f"/api/v1/packages/{response.get_json()['id']}/signatures").get_json()
    assert [each["format"] for each in listed] == ["raw", "raw"]


def test_a_form_stores_all_or_nothing(publisher: FlaskClient) -> None:
    """One signature that is refused, and nothing is published."""
    refused = post_signed(publisher, ("agent.bin.sig", raw()), ("agent.bin.asc", b"no armor"))
    assert problem_of(refused)["errors"] == {
        "signature agent.bin.asc": [
            "It is no Sigstore bundle, DSSE envelope, OpenPGP or minisign signature; format=raw keeps it."
        ]
    }
    assert post_signed(publisher, ("agent.bin", raw())).status_code == 422
    assert post_signed(publisher, *[("a.sig", bytes([each])) for each in range(9)]).status_code == 422
    assert post_signed(publisher, ("a.sig", bytes(256 * 1024 + 1))).status_code == 413
    assert publisher.get("/api/v1/packages").get_json() == []


def test_a_repeated_form_adds(publisher: FlaskClient) -> None:
    """The same bytes again, with another signature: 200, and it is added."""
    package = published(publisher)
    assert post_signed(publisher, ("agent.bin.sig", raw())).status_code == 200
    assert len(publisher.get(f"/api/v1/packages/{package['id']}/signatures").get_json()) == 1


def test_a_form_that_satisfies_a_policy(admin: FlaskClient, publisher: FlaskClient) -> None:
    """A signed upload is trusted from its first answer on; an unsigned one blocked."""
    policy(admin)
    signed = post_signed(publisher, ("agent.bin.sig", raw())).get_json()
    unsigned = post(publisher, version="2.0.0").get_json()
    assert (signed["trust"], signed["blocked"]) == ("trusted", False)
    assert (unsigned["trust"], unsigned["blocked"]) == ("untrusted", True)


def test_signatures_before_the_file(publisher: FlaskClient) -> None:
    """The parts of a form may come in any order."""
    body = (
        b'--b\r\nContent-Disposition: form-data; name="signature"; filename="a.sig"\r\n\r\n'
        + raw()
        + b'\r\n--b\r\nContent-Disposition: form-data; name="file"; filename="agent.bin"\r\n\r\n'
        + CONTENT
    )
    for name, value in FIELDS.items():
        body += f'\r\n--b\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}'.encode()
    media_type = "multipart/form-data; boundary=b"
    response = publisher.post("/api/v1/packages", data=io.BytesIO(body + b"\r\n--b--\r\n"), content_type=media_type)
    assert response.status_code == 201, response.text
    assert len(publisher.get(f"/api/v1/packages/{response.get_json()['id']}/signatures").get_json()) == 1


def test_limits(publisher: FlaskClient) -> None:
    """1 byte to 256 KiB each, 16 a package."""
    package = published(publisher)
    assert sign(publisher, package, b"").status_code == 422
    assert sign(publisher, package, bytes(256 * 1024 + 1)).status_code == 413
    for number in range(16):
        assert sign(publisher, package, bytes([number]) * (256 * 1024 if number == 0 else 1)).status_code == 201
    assert sign(publisher, package, b"one more").status_code == 409
    assert sign(publisher, package, b"\x01").status_code == 200


@pytest.mark.parametrize("content", [b"{", b"[" * 100_000, b'{"mediaType":' + b"[" * 100_000, b'{"a":NaN}', b"\xff"])
def test_refused(publisher: FlaskClient, content: bytes) -> None:
    """What is no signature is 422."""
    assert problem_of(sign(publisher, published(publisher), content, ""))["status"] == 422


def test_other_bytes(publisher: FlaskClient, sigstore: Sigstore) -> None:
    """A signature that plainly is of other bytes is 422."""
    package = published(publisher)
    for value in (sigstore.sign(b"other"), sigstore.attest(b"other")):
        assert sign(publisher, package, json.dumps(value).encode(), "").status_code == 422


def test_roles(admin: FlaskClient, publisher: FlaskClient, agent: FlaskClient) -> None:
    """Agents add none, publishers delete none; an admin's delete is 204, then 404."""
    package = published(publisher)
    assert sign(agent, package, raw()).status_code == 403
    digest = sign(publisher, package, raw()).get_json()["digest"]
    place = f"/api/v1/packages/{package['id']}/signatures/{digest}"
    assert publisher.delete(place).status_code == 403
    assert [admin.delete(place).status_code for _ in range(2)] == [204, 404]


def test_gone_with_the_package(admin: FlaskClient) -> None:
    """A deleted package has no signatures, and its successor starts without."""
    package = published(admin)
    sign(admin, package, raw())
    assert admin.delete(f"/api/v1/packages/{package['id']}").status_code == 204
    assert admin.get(f"/api/v1/packages/{package['id']}/signatures").status_code == 404
    assert admin.get(f"/api/v1/packages/{published(admin)['id']}/signatures").get_json() == []


def test_another_file_name_is_judged_by_its_own(admin: FlaskClient) -> None:
    """The same bytes under another file name add their signature to the package that is there."""

    package = published(admin, file_name="first.bin")
    policy(admin, signers=[by_key()])
    assert post_signed(admin, ("second.bin.sig", raw())).status_code == 200
    assert seen(admin, package) == ("trusted", False)
