"""Bodies that are not the JSON object they should be, sent to login and to the creation of users."""

import io
import json

import pytest

PATH = "/api/v1/auth/login"


def post(client, body, content_type="application/json", **options):
    return client.post(PATH, data=body, content_type=content_type, **options)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"}",
        b"nonsense",
        b'{"username": "x", "password": "y"',
        b'{"username": "x", "password": "y"} {}',
        b'{"username": "x", "password": "y"}x',
        b"{'username': 'x'}",
        b'{"username": "x",}',
        b'{"username": NaN, "password": "y"}',
        b'{"username": Infinity, "password": "y"}',
        b'{"username": -Infinity, "password": "y"}',
        b'{"username": "\xff", "password": "y"}',
        b'{"username": "\xed\xa0\x80", "password": "y"}',
        b"\xef\xbb\xbf{}",
        b'{"username": "x\n", "password": "y"}',
        b"[" * 100_000,
        b"[" * 100_000 + b"]" * 100_000,
        b'{"a":' * 100_000 + b"1" + b"}" * 100_000,
        b'{"username": ' + b"9" * 10_000 + b"}",
        json.dumps({"username": "x"}).encode("utf-16"),
    ],
    ids=lambda body: repr(body[:30]),
)
def test_broken_json(client, body):
    """What is not JSON is 400."""
    assert post(client, body).status_code == 400


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b'[{"username": "x", "password": "y"}]',
        b'"text"',
        b"1",
        b"null",
        b"true",
        b'{"username": 1e999, "password": "y"}',
        b'{"username": ' + b"9" * 4000 + b', "password": "y"}',
        b'{"username": "x", "username": "x", "password": "y"}',
        b'{"username": "x", "password": {"a": 1, "a": 2}}',
        b'{"\\ud800": 1, "\\ud800": 2}',
        b'{"\\ud800": 1}',
        b'{"username": "\\ud800", "password": "y"}',
        b'{"username": "\\udc00\\ud800", "password": "y"}',
        b'{"username": "x", "password": "y", "\\u0000": 1}',
        b'{"": 1}',
        b'{"a": ' * 400 + b"1" + b"}" * 400,
    ],
    ids=lambda body: repr(body[:30]),
)
def test_json_that_is_no_login(client, body):
    """JSON of another shape is 422, and says where."""
    answer = post(client, body)
    assert answer.status_code == 422
    assert answer.json["errors"]


def test_surrogate_pairs_are_characters(client):
    """A whole pair is a character like any other."""
    assert post(client, b'{"username": "\\ud83d\\ude00", "password": "y"}').status_code == 401


def test_thousands_of_unknown_fields(client):
    """The answer to very many errors stays small."""
    answer = post(client, json.dumps({f"field{number}": 1 for number in range(50_000)}))
    assert answer.status_code == 422
    assert len(answer.data) < 10_000


def test_thousands_of_repeated_fields(client):
    """Repeated names are found in one pass."""
    answer = post(client, b"{" + b",".join(b'"a%d":1' % (number // 2) for number in range(80_000)) + b"}")
    assert answer.status_code == 422
    assert len(answer.data) < 10_000


@pytest.mark.parametrize(
    "content_type",
    [
        None,
        "",
        "text/plain",
        "application/x-www-form-urlencoded",
        "multipart/form-data; boundary=x",
        "application/jsonx",
        "application/xml",
        "application/json; charset=latin-1",
        "application/json; charset=utf-16",
        "json",
    ],
)
def test_other_content_types(client, content_type):
    """Only application/json is taken."""
    assert post(client, b'{"username": "x", "password": "y"}', content_type).status_code == 415


@pytest.mark.parametrize(
    "content_type",
    ["application/json", "Application/JSON", "application/json; charset=UTF-8", 'application/json;charset="utf-8"'],
)
def test_spellings_of_the_content_type(client, content_type):
    """Case does not matter, nor does saying UTF-8."""
    assert post(client, b'{"username": "x", "password": "y"}', content_type).status_code == 401


class Endless(io.RawIOBase):
    """A body that never ends, and counts what was read of it."""

    taken = 0

    def read(self, size=-1):
        assert size >= 0
        self.taken += size
        return b" " * size


def post_as_server(client, body, **environ):
    """Call the application as a server would, with these headers over this input."""
    environ = {"wsgi.input": body, "CONTENT_TYPE": "application/json", **environ}
    return client.post(PATH, environ_overrides=environ)


def test_long_body_is_refused_unread(client):
    """10 GiB by Content-Length are refused without a byte being read."""
    body = Endless()
    assert post_as_server(client, body, CONTENT_LENGTH=str(10 * 2**30)).status_code == 413
    assert body.taken == 0


def test_long_chunked_body_is_cut_off(client):
    """A body without a length is read up to the limit and no further."""
    body = Endless()
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    assert post_as_server(client, body, **chunked).status_code == 413
    assert body.taken <= 2**20 + 1


def test_chunked_body_is_taken(client):
    """A body in chunks is as good as one with a length."""
    body = io.BytesIO(b'{"username": "x", "password": "y"}')
    chunked = {"HTTP_TRANSFER_ENCODING": "chunked", "wsgi.input_terminated": True, "CONTENT_LENGTH": ""}
    assert post_as_server(client, body, **chunked).status_code == 401


def test_just_the_limit_is_read(client):
    """1 MiB is allowed."""
    body = b'{"username": "x", "password": "y"}'
    assert post(client, body + b" " * (2**20 - len(body))).status_code == 401
    assert post(client, body + b" " * (2**20 - len(body) + 1)).status_code == 413


def test_body_shorter_than_its_length(client):
    """A body that ends early is 400, even if what came is JSON."""
    body = io.BytesIO(b'{"username": "x", "password": "y"}')
    assert post_as_server(client, body, CONTENT_LENGTH="100").status_code == 400


def test_no_body_at_all(client):
    """Neither length nor chunks: there is no JSON."""
    assert client.post(PATH, content_type="application/json").status_code == 400
