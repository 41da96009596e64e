"""What start-dev.sh prints at its end: where the service is, and commands to paste."""

import shlex
from pathlib import Path

from dev.checkout import STATE
from dev.scripts.secrets_file import ADMIN_PASSWORD
from dev.scripts.settings import CONFIG
from dev.scripts.storage_record import PLACES, option

EXAMPLE = STATE / "agent-v1.0.0-linux-amd64"
LOGIN_ANSWER = (
    'import json, sys; answer = json.loads(sys.stdin.read() or "{}"); '
    'print(answer.get("token") or sys.exit(answer.get("detail", 1)))'
)
"""Prints the token of an answer to a login, or ends with the sentence that says why there is none."""
EXAMPLE_SCRIPT = '#!/bin/sh\necho "opamp-agent 1.0.0, an example of start-dev.sh"\n'


def make_example() -> None:
    """A small program to upload, so that the printed commands work as they are."""
    EXAMPLE.write_text(EXAMPLE_SCRIPT)
    EXAMPLE.chmod(0o755)


def summary(url: str, database: str, storage: str) -> str:
    """Where everything is."""
    return f"""\
The service is ready at {url}

Console:  {url}/ui/
Login:    admin, with the password in {ADMIN_PASSWORD}
URL:      {url}    (API: {url}/api/v1, documentation: {url}/swagger)
Database: {database}
Storage:  {storage}
Config:   {CONFIG}, written at each start; yours goes into config.yaml
Logs:     {STATE}/*.log
Stop:     ./stop-dev.sh"""


def changed_storage(before: str) -> str:
    """That the packages of the starts before are elsewhere, and how to get back to them."""
    return (
        f"Note: the packages, users and tokens of the last start are in {PLACES[before]}, and stay there. "
        f"Back to them: ./stop-dev.sh, then ./start-dev.sh --storage {option(before)}\n"
    )


def other_password(*, embedded: bool) -> str:
    """That the kept password is not admin's, and what to do."""
    other = "remove that file: the next start gives admin a new one" if embedded else "log in with the one you know"
    return f"Note: the password of admin is not the one in {ADMIN_PASSWORD}. Put it there, or {other}.\n"


def commands(url: str) -> str:
    """Commands that log in, upload, list and download; they need curl and python3 only, and can be pasted again.

    Each begins a line, and goes on in the next one after a backslash only.
    """
    password = shlex.quote(str(ADMIN_PASSWORD))
    packages = f"{url}/api/v1/packages"
    download = f"{packages}/opamp-agent/1.0.0/linux/amd64/{EXAMPLE.name}"
    downloaded = shlex.quote(str(STATE / "downloaded-agent"))
    return f"""\
Paste these to log in, upload a package, list and download:

TOKEN=$(curl -sS {url}/api/v1/auth/login -H "Content-Type: application/json" \\
  -d "{{\\"username\\": \\"admin\\", \\"password\\": \\"$(cat {password})\\"}}" \\
  | python3 -c '{LOGIN_ANSWER}')

curl -# -X POST {packages} -H "Authorization: Bearer $TOKEN" \\
  -F {form_file(EXAMPLE)} -F name=opamp-agent -F version=1.0.0 -F platform=linux -F arch=amd64 \\
  -F "description=OpAMP Agent for Linux" | cat

curl -sS {packages} -H "Authorization: Bearer $TOKEN"

curl -# --fail-with-body {download} -H "Authorization: Bearer $TOKEN" \\
  -o {downloaded} || {{ [ $? = 22 ] && cat {downloaded}; false; }}
"""


def form_file(path: Path) -> str:
    """`file=@path` for curl -F and a shell; curl would end a bare name at a comma or semicolon."""
    name = str(path)
    if any(character in name for character in ',;"\\'):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"file=@{name}" if name == shlex.quote(name) else f"file=@{shlex.quote(name)}"
