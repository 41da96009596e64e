"""What a user does with a generated client: publish, list, find the latest, download. Prints what came of it.

Run by the Python that has the generator's requirements; `packages_client` is generated from /openapi.json.
"""

import io
import json
import sys

from packages_client import AuthenticatedClient, Client
from packages_client.api.accounts import get_me
from packages_client.api.packages import (
    download_file,
    download_latest_package,
    download_package,
    get_latest_package,
    get_package,
    list_packages,
    put_file,
    upload_package,
)
from packages_client.api.releases import list_release
from packages_client.models import Arch, Package, Platform, Problem, UploadForm
from packages_client.types import File

URL, TOKEN = sys.argv[1:]
CONTENT = b"\x7fELF of a generated client"

client = AuthenticatedClient(base_url=URL, token=TOKEN)


def package(answer: object) -> Package:
    """The answer, if it is a package."""
    if not isinstance(answer, Package):
        raise SystemExit(f"no package: {answer}")
    return answer


form = UploadForm(
    name="generated",
    version="1.0.0",
    platform=Platform.LINUX,
    arch=Arch.AMD64,
    file=File(payload=io.BytesIO(CONTENT), file_name="agent.bin", mime_type="application/octet-stream"),
)
first = package(upload_package.sync(client=client, body=form))
second = package(
    put_file.sync(
        "generated",
        "1.1.0",
        Platform.LINUX,
        Arch.AMD64,
        "agent.bin",
        client=client,
        body=File(payload=io.BytesIO(CONTENT + b" 1.1.0")),
        description="put",
    )
)
wanted = {"name": "generated", "platform": Platform.LINUX, "arch": Arch.AMD64}
listed = list_packages.sync(client=client, limit=10, **wanted)
latest = package(get_latest_package.sync(client=client, **wanted))
downloaded = [
    download_package.sync(first.id, client=client),
    download_file.sync("generated", "1.1.0", Platform.LINUX, Arch.AMD64, "agent.bin", client=client),
    download_latest_package.sync(client=client, **wanted),
]
refused = get_me.sync(client=Client(base_url=URL))
absent = get_package.sync(2**62, client=client)

print(
    json.dumps(
        {
            "listed": [each.version for each in listed],
            "latest": latest.version,
            "same": [
                file.payload.read() == content
                for file, content in zip(downloaded, [CONTENT, CONTENT + b" 1.1.0", CONTENT + b" 1.1.0"], strict=True)
            ],
            "release": [each.id for each in list_release.sync("generated", "1.0.0", client=client)] == [first.id],
            "description": second.description,
            "platform": second.platform.value,
            "problems": [answer.status for answer in (refused, absent) if isinstance(answer, Problem)],
        }
    )
)
