"""`GET /cli`: the command `opampkg` as one file (a zipapp), which knows the service that it came from."""

import hashlib
import json
import zipfile
from functools import cache
from io import BytesIO
from pathlib import Path

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint

from app.config import Config
from app.config.sections import PROJECT
from app.http.openapi.describe import BYTES, answers, operation, without_token
from app.http.services import get

SOURCE = PROJECT / "client" / "opampkg"
SHEBANG = b"#!/usr/bin/env python3\n"
START = "import sys\n\nfrom opampkg.cli import main\n\nsys.exit(main())\n"
ORIGIN = "opampkg/origin.json"

EPOCH = (1980, 1, 1, 0, 0, 0)
"""The time of every file in it: the first that a zip can have."""

blueprint = Blueprint("cli", __name__, description="The command opampkg.")


@blueprint.route("/cli")
class Cli(MethodView):
    """The command."""

    @answers(200, BYTES, content_type="application/octet-stream", headers={"ETag": {"schema": {"type": "string"}}})
    @without_token
    @operation("get_cli")
    def get(self) -> Response:
        """The command `opampkg`, for any Python from 3.9 on. Its `ETag` is its SHA-256."""
        content = zipapp(SOURCE, get(Config).server.public_url)
        response = Response(content, content_type="application/octet-stream")
        response.headers["Content-Disposition"] = "attachment; filename=opampkg"
        response.headers["Cache-Control"] = "no-cache"
        response.set_etag(hashlib.sha256(content).hexdigest())
        response.make_conditional(request)
        return response


@cache
def zipapp(source: Path, server: str) -> bytes:
    """The package in the folder `source`, made to be run, and told its `server`.

    The same bytes on every replica: times and order are fixed, and nothing is compressed, since versions of zlib
    differ. Raises FileNotFoundError where the folder is not.
    """
    modules = sorted(source.glob("*.py"), key=lambda path: path.name)
    if not modules:
        raise FileNotFoundError(source)
    files = {f"opampkg/{path.name}": path.read_bytes() for path in modules}
    files |= {"__main__.py": START.encode(), ORIGIN: json.dumps({"server": server}).encode()}
    packed = BytesIO(SHEBANG)
    packed.seek(0, 2)
    with zipfile.ZipFile(packed, "a", zipfile.ZIP_STORED) as archive:
        for name, content in sorted(files.items()):
            entry = zipfile.ZipInfo(name, EPOCH)
            entry.create_system = 3
            entry.external_attr = 0o644 << 16
            archive.writestr(entry, content)
    return packed.getvalue()
