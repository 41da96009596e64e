"""The commands `users create` and `tokens create`."""

import pytest

from app import create_app
from app.database.engine import Session
from dev.parts.processes import free_port
from tests.api.accounts.conftest import PASSWORD
from tests.configuration import configuration


@pytest.fixture
def run(app):
    return lambda *arguments, stdin="": app.test_cli_runner().invoke(args=arguments, input=stdin)


def one_line(result):
    """The single line on standard error of a command that failed."""
    assert result.exit_code in (1, 2)
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    assert PASSWORD not in line
    return line


CREATE = ("users", "create", "ada", "--role", "admin", "--password-stdin")


@pytest.mark.parametrize("ending", ["", "\n", "\r\n"])
def test_created_user_logs_in(run, log_in, ending):
    """One line end after the password is dropped."""
    result = run(*CREATE, stdin=PASSWORD + ending)
    assert result.exit_code == 0
    assert "ada" in result.stdout
    assert PASSWORD not in result.output
    answer = log_in("ada", PASSWORD)
    assert answer.status_code == 200
    assert answer.json["user"]["role"] == "admin"


def test_only_one_line_end_is_dropped(run, log_in):
    """What is left of two line ends belongs to the password."""
    run(*CREATE, stdin=PASSWORD + "\n\n")
    assert log_in("ada", PASSWORD).status_code == 401
    assert log_in("ada", PASSWORD + "\n").status_code == 200


def test_name_taken(run):
    """A second user of the same name is refused in one line."""
    run(*CREATE, stdin=PASSWORD)
    assert "name" in one_line(run(*CREATE, stdin=PASSWORD))


@pytest.mark.parametrize("stdin", ["", "\n", "short", "x" * 1025, "x" * 2_000_000, b"\xff" * 20])
def test_bad_passwords(run, stdin):
    """The line names what is wrong with the password."""
    assert "password" in one_line(run(*CREATE, stdin=stdin))


@pytest.mark.parametrize("name", ["", "two words", "x" * 101, "ümlaut", "line\n", "half\udc80"])
def test_bad_names(run, name):
    """The rule of names holds for commands as well."""
    result = run("users", "create", name, "--role", "agent", "--password-stdin", stdin=PASSWORD)
    assert "username" in one_line(result)


def test_usage(run):
    """A wrong role, or no --password-stdin, is a usage error."""
    assert run("users", "create", "ada", "--role", "root", "--password-stdin", stdin=PASSWORD).exit_code == 2
    assert run("users", "create", "ada", "--role", "admin", stdin=PASSWORD).exit_code == 2
    assert run("tokens", "create", "build").exit_code == 2


def test_token_is_printed_alone(run, client, admin):
    """Standard output is the token and a line end; the list shows who made it."""
    result = run("tokens", "create", "build", "--role", "publisher", "--days", "7")
    assert result.exit_code == 0
    [token] = result.stdout.splitlines()
    me = client.get("/api/v1/me", headers={"Authorization": f"Bearer {token}"})
    assert (me.json["username"], me.json["role"], me.json["kind"]) == ("build", "publisher", "token")
    [row] = client.get("/api/v1/tokens", headers=admin.headers).json
    assert row["created_by"] == "command line"


@pytest.mark.parametrize("days", ["0", "-1", "3651", "99999999999999999999"])
def test_bad_days(run, days):
    """A token lasts 1 to 3650 days."""
    assert "expires_in_days" in one_line(run("tokens", "create", "build", "--role", "agent", "--days", days))


@pytest.mark.parametrize("name", ["", "x" * 101, "nul\0", "line\n", "half\udc80"])
def test_bad_token_names(run, name):
    """A name is 1 to 100 printable characters."""
    assert "name" in one_line(run("tokens", "create", name, "--role", "agent"))


@pytest.mark.parametrize("arguments", [CREATE, ("tokens", "create", "build", "--role", "agent")])
def test_database_away(arguments):
    """Without PostgreSQL the command ends in one line, without a traceback."""
    url = f"postgresql://nobody@127.0.0.1:{free_port()}/none"
    app = create_app(configuration(database={"url": url}), Session.COMMAND)
    result = app.test_cli_runner().invoke(args=arguments, input=PASSWORD)
    assert "database" in one_line(result)


@pytest.mark.parametrize("arguments", [CREATE, ("tokens", "create", "build", "--role", "agent")])
def test_schema_missing(postgres_server, arguments):
    """On a database that was never migrated as well."""
    app = create_app(configuration(database={"url": postgres_server.url()}), Session.COMMAND)
    result = app.test_cli_runner().invoke(args=arguments, input=PASSWORD)
    assert "database" in one_line(result)
