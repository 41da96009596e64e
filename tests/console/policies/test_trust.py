"""What pages of packages say of trust, and what of blocked files may be had there."""

import re

from flask.testing import FlaskClient

from tests.console.policies.conftest import NAME, POLICY, SIGNATURE, SIGNED, UNSIGNED

CELL = re.compile(r'data-cell="([^ ]+) linux/amd64" data-state="([a-z]+)"')
PILL = re.compile(r'<span class="pill [a-z]+"><svg.*?</svg>([^<]+)</span>')


def test_matrix_and_versions(sealed: dict[str, int], agent: FlaskClient) -> None:
    """Each version's trust in word and icon; the blocked one is not the latest."""
    page = agent.get(f"/ui/packages/{NAME}").text
    assert dict(CELL.findall(page)) == {SIGNED: "trusted", UNSIGNED: "blocked"}
    assert {"trusted", "untrusted", "blocked"} <= set(PILL.findall(page))
    assert f"<dt>Latest release</dt><dd>{SIGNED}<" in page


def test_list(sealed: dict[str, int], agent: FlaskClient) -> None:
    """The list of packages has the version that is not blocked."""
    page = agent.get(f"/ui/packages?q={NAME}").text
    assert SIGNED in page
    assert UNSIGNED not in page


def test_signatures(sealed: dict[str, int], agent: FlaskClient) -> None:
    """A file's signatures, with who verified them; each can be downloaded as it was sent."""
    page = agent.get(f"/ui/packages/{NAME}/{SIGNED}").text
    assert "1 signature<" in page
    assert f"{POLICY}/ours" in page
    (path,) = re.findall(r'href="(/ui/files/[0-9]+/signatures/[0-9a-f]{64})"', page)
    answer = agent.get(path)
    assert answer.status_code == 200
    assert answer.data == SIGNATURE
    assert f"{NAME}.tar.gz.sig" in answer.headers["Content-Disposition"]


def test_no_such_signature(sealed: dict[str, int], agent: FlaskClient) -> None:
    """404 for a digest that no signature has, or can have."""
    for digest in ("0" * 64, "x"):
        assert agent.get(f"/ui/files/{sealed[SIGNED]}/signatures/{digest}").status_code == 404


def test_blocked_bytes(sealed: dict[str, int], agent: FlaskClient, publisher: FlaskClient) -> None:
    """As by the API: a blocked file is for publishers; whoever is none has no link to it either."""
    path = f"/ui/files/{sealed[UNSIGNED]}/download"
    assert agent.get(path).status_code == 403
    for client, version in ((publisher, UNSIGNED), (agent, SIGNED)):
        with client.get(f"/ui/files/{sealed[version]}/download") as answer:
            assert answer.data == version.encode()
    shown = [client.get(f"/ui/packages/{NAME}/{UNSIGNED}").text for client in (agent, publisher)]
    assert [f'href="{path}"' in page for page in shown] == [False, True]
