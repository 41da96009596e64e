"""The limit on failed logins."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import text

from app.accounts.passwords import Passwords
from app.database import Database
from app.http.services import get
from app.server.serving import LOGIN_QUEUE_FULL
from tests.api.accounts.conftest import PASSWORD, unique_name

WRONG = "wrong horse battery"
THREADS = 16
"""As many as a worker has."""


def fail(log_in, username, times, address="127.0.0.1"):
    for _ in range(times):
        assert log_in(username, WRONG, address).status_code == 401


def test_eleventh_login_is_refused_even_if_right(log_in, agent):
    """After 10 failures every login of this name from this address is 429, the right password too."""
    fail(log_in, agent.username, 10)
    for password in (WRONG, PASSWORD):
        answer = log_in(agent.username, password)
        assert answer.status_code == 429
        assert 1 <= int(answer.headers["Retry-After"]) <= 300
        assert answer.content_type == "application/problem+json"


def test_limited_login_does_not_look_at_the_password(log_in, agent, monkeypatch):
    """Over the limit no hash is computed."""
    fail(log_in, agent.username, 10)
    checked = []
    monkeypatch.setattr(Passwords, "match", lambda *given: checked.append(given))
    assert log_in(agent.username, PASSWORD).status_code == 429
    assert not checked


def test_login_without_a_place_in_the_queue_is_refused_by_what_is_known(client, log_in, agent, publisher):
    """429 where this name and address are known to be over the limit, else 503; nothing is waited for."""
    fail(log_in, agent.username, 10)
    assert log_in(agent.username, WRONG).status_code == 429
    full = {LOGIN_QUEUE_FULL: True, "REMOTE_ADDR": "127.0.0.1"}
    for username, status in ((agent.username, 429), (publisher.username, 503)):
        fields = {"username": username, "password": PASSWORD}
        answer = client.post("/api/v1/auth/login", json=fields, environ_base=full)
        assert answer.status_code == status
        assert int(answer.headers["Retry-After"]) > 0


def test_nine_failures_do_no_harm(log_in, agent):
    """The tenth try may still be the right one, and is not counted."""
    fail(log_in, agent.username, 9)
    assert log_in(agent.username, PASSWORD).status_code == 200
    fail(log_in, agent.username, 1)
    assert log_in(agent.username, PASSWORD).status_code == 429


def test_names_that_do_not_exist_are_limited_too(log_in):
    """The limit does not tell whether a user exists; impossible names are under it as well."""
    for name in (unique_name(), "no such name " + unique_name(), "x" * 5000 + unique_name()):
        fail(log_in, name, 10)
        assert log_in(name, WRONG).status_code == 429


def test_other_names_and_addresses_are_not_limited(log_in, add_user, agent, publisher):
    """Failures count for one name from one address."""
    fail(log_in, agent.username, 10)
    assert log_in(agent.username, PASSWORD, "127.0.0.2").status_code == 200
    assert log_in(publisher.username, PASSWORD).status_code == 200


def test_limit_ends_after_five_minutes(app, log_in, agent):
    """Failures older than 5 minutes no longer count, and their rows go."""
    fail(log_in, agent.username, 10)
    with app.app_context(), get(Database).writing() as connection:
        connection.execute(text("UPDATE login_attempts SET attempted_at = attempted_at - interval '301 s'"))
    assert log_in(agent.username, PASSWORD).status_code == 200
    with app.app_context(), get(Database).reading() as connection:
        assert connection.execute(text("SELECT count(*) FROM login_attempts")).scalar() == 0


def test_right_logins_are_not_counted(log_in, agent):
    """Any number of right logins may follow each other."""
    assert {log_in(agent.username, PASSWORD).status_code for _ in range(12)} == {200}


def test_fifty_guesses_at_once_get_ten_looks(app, agent, monkeypatch):
    """Parallel guesses cannot pass the limit together."""
    looks = []
    match = Passwords.match

    def counted(*given):
        looks.append(1)
        return match(*given)

    monkeypatch.setattr(Passwords, "match", counted)
    assert set(parallel_logins(app, agent.username, WRONG, 50)) <= {401, 429}
    assert len(looks) == 10


def test_right_logins_at_once_are_all_let_in(app, agent):
    """Twelve programs that log in at the same moment are no attack."""
    assert parallel_logins(app, agent.username, PASSWORD, 12) == [200] * 12


def test_attempt_cut_off_counts_as_failed(app, log_in, agent):
    """An attempt without an outcome, as a killed worker leaves it, fills its place for 5 minutes."""
    fail(log_in, agent.username, 10)
    unsettle = "UPDATE login_attempts SET failed = false, attempted_at = attempted_at - interval '11 s'"
    with app.app_context(), get(Database).writing() as connection:
        connection.execute(text(unsettle))
    assert log_in(agent.username, PASSWORD).status_code == 429


@pytest.mark.parametrize("username", ["half \\ud800", "\\udfff"])
def test_half_surrogates_in_names_are_refused(client, username):
    """JSON can spell what UTF-8 cannot: no 500."""
    body = f'{{"username": "{username}", "password": "x"}}'
    answer = client.post("/api/v1/auth/login", data=body, content_type="application/json")
    assert answer.status_code == 422


def parallel_logins(app, username, password, times):
    def post(_):
        fields = {"username": username, "password": password}
        return app.test_client().post("/api/v1/auth/login", json=fields).status_code

    with ThreadPoolExecutor(THREADS) as threads:
        return list(threads.map(post, range(times)))
