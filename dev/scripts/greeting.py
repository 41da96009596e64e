"""What start-dev.sh prints at its end: where the service is, and commands to paste."""

import shlex
from pathlib import Path

from dev.checkout import STATE
from dev.scripts.secrets_file import ADMIN_PASSWORD
from dev.scripts.settings import CONFIG

EXAMPLE = STATE / "agent-v1.0.0-linux-amd64"
EXAMPLE_SCRIPT = '#!/bin/sh\necho "opamp-agent 1.0.0, an example of start-dev.sh"\n'


def make_example() -> None:
    """A small program to upload, so that the printed commands work as they are."""
    EXAMPLE.write_text(EXAMPLE_SCRIPT)
    EXAMPLE.chmod(0o755)


def summary(url: str, database: str, storage: str) -> str:
    """Where everything is."""
    return f"""\
The service is ready at {url}

URL:      {url}    (API: {url}/api/v1, documentation: {url}/swagger)
Login:    admin, with the password in {ADMIN_PASSWORD}
Database: {database}
Storage:  {storage}
Config:   {CONFIG}, written at each start; yours goes into config.yaml
Logs:     {STATE}/*.log
Stop:     ./stop-dev.sh"""


def commands(url: str) -> str:
    """Commands that log in, upload, list and download; they need curl and python3 only."""
    password = shlex.quote(str(ADMIN_PASSWORD))
    packages = f"{url}/api/v1/packages"
    download = f"{packages}/opamp-agent/1.0.0/linux/amd64/{EXAMPLE.name}"
    return f"""\
Paste these to log in, upload a package, list and download:

TOKEN=$(curl -sS {url}/api/v1/auth/login -H "Content-Type: application/json" \\
  -d "{{\\"username\\": \\"admin\\", \\"password\\": \\"$(cat {password})\\"}}" \\
  | python3 -c 'import json, sys; print(json.load(sys.stdin)["token"])')

curl -sS -X POST {packages} -H "Authorization: Bearer $TOKEN" \\
  -F {form_file(EXAMPLE)} -F name=opamp-agent -F version=1.0.0 -F platform=linux -F arch=amd64 \\
  -F "description=OpAMP Agent for Linux"

curl -sS {packages} -H "Authorization: Bearer $TOKEN"

curl -fsS {download} -H "Authorization: Bearer $TOKEN" -O
"""


def form_file(path: Path) -> str:
    """`file=@path` for curl -F and a shell; curl would end a bare name at a comma or semicolon."""
    name = str(path)
    if any(character in name for character in ',;"\\'):
        name = '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'
    return f"file=@{name}" if name == shlex.quote(name) else f"file=@{shlex.quote(name)}"
