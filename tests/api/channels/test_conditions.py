"""Conditional changes of channels: nobody undoes what another has changed meanwhile."""

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.api.channels.setting import channel, put_channel
from tests.api.conftest import ClientFor, problem_of

URL = "/api/v1/channels/stable"


def put(client: FlaskClient, headers: dict[str, str], **fields: Any) -> TestResponse:
    """Put the channel on these conditions."""
    return client.put(URL, json={"packages": [], **fields}, headers=headers)


def etag_of(client: FlaskClient) -> str:
    """The channel's."""
    return client.get(URL).headers["ETag"]


def test_a_channel_has_a_strong_etag(publisher: FlaskClient) -> None:
    """GET and PUT tell the same one; who has it gets 304; each change makes another."""
    first = put_channel(publisher).headers["ETag"]
    assert first.startswith('"')
    assert etag_of(publisher) == first
    assert publisher.get(URL, headers={"If-None-Match": first}).status_code == 304
    assert put_channel(publisher, description="other").headers["ETag"] == etag_of(publisher) != first


def test_if_match(publisher: FlaskClient) -> None:
    """The present one lets a change pass; after that it is 412, and the channel stays."""
    channel(publisher)
    etag = etag_of(publisher)
    assert put(publisher, {"If-Match": etag}, description="first").status_code == 200
    refused = problem_of(put(publisher, {"If-Match": etag}, description="second"))
    assert (refused["status"], refused["type"]) == (412, "urn:opamp-packages:problem:precondition-failed")
    assert publisher.get(URL).get_json()["description"] == "first"


@pytest.mark.parametrize("condition", ['"other"', "*", 'W/"other"'])
def test_if_match_needs_a_channel(publisher: FlaskClient, condition: str) -> None:
    """Where there is none, nothing matches, and none is made."""
    assert put(publisher, {"If-Match": condition}).status_code == 412
    assert publisher.get(URL).status_code == 404


def test_a_weak_tag_is_no_match(publisher: FlaskClient) -> None:
    """If-Match compares strongly."""
    channel(publisher)
    assert put(publisher, {"If-Match": f"W/{etag_of(publisher)}"}).status_code == 412


def test_if_none_match(publisher: FlaskClient) -> None:
    """`*` creates, and never replaces."""
    assert put(publisher, {"If-None-Match": "*"}).status_code == 201
    assert put(publisher, {"If-None-Match": "*"}, description="other").status_code == 412
    assert publisher.get(URL).get_json()["description"] == ""


def test_delete(admin: FlaskClient) -> None:
    """DELETE honours If-Match; a channel that is not there is 404, whatever the condition."""
    channel(admin)
    assert admin.delete(URL, headers={"If-Match": '"other"'}).status_code == 412
    assert admin.delete(URL, headers={"If-None-Match": "*"}).status_code == 412
    assert admin.delete(URL, headers={"If-Match": etag_of(admin)}).status_code == 204
    assert admin.delete(URL, headers={"If-Match": "*"}).status_code == 404


@pytest.mark.parametrize("begins", ["new", "there"])
def test_one_of_many_wins(client_for: ClientFor, begins: str) -> None:
    """Of changes on the same condition at the same time one passes, all others are 412."""
    clients = [client_for("publisher") for _ in range(4)]
    headers = {"If-None-Match": "*"}
    if begins == "there":
        channel(clients[0])
        headers = {"If-Match": etag_of(clients[0])}
    barrier = threading.Barrier(len(clients))

    def change(number: int) -> int:
        barrier.wait(30)
        return put(clients[number], headers, description=str(number)).status_code

    with ThreadPoolExecutor(len(clients)) as pool:
        statuses = sorted(pool.map(change, range(len(clients))))
    assert statuses == [201 if begins == "new" else 200, 412, 412, 412]
