"""The procedure of docs/operations.md, executed: everything is lost, and comes back."""

import re
import subprocess
import sys
from pathlib import Path

from dev.checkout import PROJECT
from dev.parts import postgres, s3
from dev.parts.postgres import Postgres
from tests.databases import execute, migrated
from tests.faults import service
from tests.faults.client import Client, content_of
from tests.faults.service import Service

DOCUMENT = PROJECT / "docs" / "operations.md"


def documented(heading: str) -> str:
    """The commands of the code block after the line that begins with `heading`."""
    match = re.search(rf"^{heading}.*?^```\n(.*?)^```", DOCUMENT.read_text(), re.MULTILINE | re.DOTALL)
    assert match
    return match[1]


def run(commands: str, url: str, of: Service, folder: Path) -> str:
    """Run documented commands where an operator would: beside the checkout, with the service's configuration."""
    path = f"{Path(sys.executable).parent}:{postgres.binaries()}:/usr/bin:/bin"
    script = commands.replace("backup/", f"{folder}/")
    ended = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", script],
        env={**of.environ, "DATABASE_URL": url, "PATH": path},
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
        timeout=300,
    )
    assert ended.returncode == 0, ended.stdout + ended.stderr
    return ended.stdout


def test_backup_and_restore(tmp_path: Path, postgres_server: Postgres, database_template: None) -> None:
    """Packages, users and tokens come back whole into an empty database and an empty S3, and scrub is content."""
    folder = tmp_path / "backup"
    folder.mkdir()
    with (
        s3.minio(tmp_path / "minio") as first,
        s3.minio(tmp_path / "other-minio") as second,
        migrated(postgres_server, "backed_up") as url,
    ):
        minio = {"access_key": first.access_key, "secret_key": first.secret_key, "bucket": "packages"}
        with service.running(
            tmp_path, database={"url": url}, storage={"backend": "minio"}, minio={**minio, "endpoint": first.endpoint}
        ) as running:
            client = Client(running.url, running.token("admin"))
            contents = {}
            for size in (1, 70_000, 9 << 20):
                content = content_of(size)
                contents[client.put(content).json()["id"]] = content
            run(documented("Back up:"), url, running, folder)
            later = client.put(content_of(100)).json()["id"]
        execute(postgres_server.url(), "DROP DATABASE backed_up WITH (FORCE)", "CREATE DATABASE backed_up")
        restored = Service(
            tmp_path,
            {
                "database": {"url": url},
                "storage": {"backend": "minio"},
                "minio": {**minio, "endpoint": second.endpoint},
                "jwt": running.sections.get("jwt", {}),
            },
        )
        output = run(documented("Restore"), url, restored, folder)
        assert '"damaged": []' in output
        restored.start(wait_for="/health/ready")
        try:
            client = Client(restored.url, client.token)
            assert {each["id"] for each in client.packages()} == set(contents)
            assert client.get(f"/packages/{later}").status == 404
            for package_id, content in contents.items():
                assert client.download(package_id).body == content
        finally:
            restored.kill()
