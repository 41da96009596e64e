"""The service itself: its schema, its first user, and gunicorn in the background."""

import json
import urllib.error
import urllib.request

from app.config import Config
from app.config.sections import WILDCARDS
from app.errors import UsernameTaken
from dev.checkout import PYTHON, STATE
from dev.parts import processes
from dev.parts.files import last_lines
from dev.parts.running_parts import PID_FILE, SERVICE, Starter

LOG = STATE / "gunicorn.log"
FLASK = [PYTHON, "-m", "flask", "--app", "wsgi"]
ADMIN = "admin"


def base_url(config: Config) -> str:
    """Where this machine reaches the service."""
    host = processes.HOST if config.server.host in WILDCARDS else config.server.host
    host = f"[{host}]" if ":" in host else host
    return f"http://{host}:{config.server.port}"


def migrate() -> None:
    """Bring the schema to the newest revision."""
    processes.check([*FLASK, "db", "upgrade"], "Migrating the database")


def make_admin(password: str) -> bool:
    """Make the user admin; False if there is one. Raises Failed."""
    command = [*FLASK, "users", "create", ADMIN, "--role", "admin", "--password-stdin"]
    ended = processes.complete(command, given=password)
    if ended.returncode != 0 and UsernameTaken.detail not in ended.stdout:
        raise processes.Failed(f"Making the user admin failed:\n{ended.stdout.strip()}")
    return ended.returncode == 0


def change_admin_password(password: str) -> None:
    """Give admin another password, as only the owner of the database may."""
    processes.check([PYTHON, "-m", "dev.scripts.admin_password"], "Giving admin a new password", given=password)


def start(starter: Starter, config: Config) -> None:
    """Start gunicorn and return when it serves."""
    if LOG.exists():
        LOG.replace(LOG.with_suffix(".log.1"))
    command = [PYTHON, "-m", "gunicorn", "-c", "gunicorn.conf.py", "wsgi:app"]
    patience = config.server.graceful_timeout + 10
    part = starter.launch(SERVICE, command, log=LOG, patience=patience)
    PID_FILE.write_text(f"{part.pid}\n")
    url = base_url(config)

    def ready() -> bool:
        if not part.is_running():
            raise processes.Failed(f"The service ended at once. The end of {LOG}:\n{last_lines(LOG)}")
        return processes.answers(f"{url}/health/ready")

    try:
        processes.wait_until(ready, "The service", seconds=60)
    except TimeoutError as error:
        raise processes.Failed(f"{error}. The end of {LOG}:\n{last_lines(LOG)}") from error
    starter.note(url=url)


def takes_password(url: str, password: str) -> bool:
    """Whether admin can log in with the password that is kept."""
    body = json.dumps({"username": ADMIN, "password": password}).encode()
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(f"{url}/api/v1/auth/login", body, headers)  # noqa: S310 - our own address
    direct = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with direct.open(request, timeout=10):
            return True
    except urllib.error.HTTPError:
        return False
