"""Packages over HTTP."""

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from app.accounts.auth import caller, requires
from app.accounts.roles import Role
from app.config import Config
from app.http.json_body import json_fields
from app.http.openapi.describe import (
    also_answers,
    answers,
    asks,
    downloads,
    in_path,
    operation,
    refuses,
    takes,
    takes_bytes,
)
from app.http.paging import page_answer
from app.http.query import no_parameters, parameters
from app.http.responses import json_answer, no_content
from app.http.services import get
from app.packages.listing import PackageListing
from app.packages.lookups import (
    loaded_file,
    loaded_package,
    loaded_page,
    package_by_id,
    package_by_path,
    page_by_query,
    readable,
)
from app.packages.manager import PackageManager
from app.packages.receiving import receive_form, receive_raw
from app.packages.schemas import (
    EditSchema,
    LatestQuery,
    ListQuery,
    PackageJson,
    PackageSchema,
    PutQuery,
    UploadFormSchema,
)
from app.packages.sending import PackageSender
from app.packages.store import PackageEdit, PackageStore
from app.packages.uploads import Upload
from app.telemetry.metrics import uploading

blueprint = Blueprint("packages", __name__, url_prefix="/api/v1", description="Publish, find, download packages.")

COORDINATES = "/packages/<name>/<version>/<platform>/<arch>/<file_name>"
REPR_DIGEST = {
    "in": "header",
    "name": "Repr-Digest",
    "description": "`sha-256=:BASE64:` (RFC 9530): the bytes are verified.",
    "schema": {"type": "string"},
}


@blueprint.route("/packages")
class Packages(MethodView):
    """All packages."""

    @requires(Role.AGENT, loads=page_by_query)
    @answers(200, PackageSchema(many=True))
    @asks(ListQuery)
    @operation("list_packages")
    def get(self) -> Response:
        """Packages in pages: follow `Link: <…>; rel="next"` while there is one."""
        listed = loaded_page()
        return page_answer(listed.asked, listed.rows, get(PackageJson), listed.page.position)

    @requires(Role.PUBLISHER)
    @answers(201, PackageSchema)
    @also_answers(200, PackageSchema)
    @takes(UploadFormSchema, "multipart/form-data")
    @refuses(408, 409, 507)
    @operation("upload_package")
    def post(self) -> Response:
        """Publish a package. The same bytes at the same coordinates again: 200 with the existing one."""
        return publish(receive_form())


@blueprint.route("/packages/latest")
class Latest(MethodView):
    """The newest version."""

    @requires(Role.AGENT)
    @answers(200, PackageSchema)
    @asks(LatestQuery)
    @refuses(404)
    @operation("get_latest_package")
    def get(self) -> Response:
        """The newest active package by SemVer precedence, for exactly this arch or, failing that, for `any`."""
        return json_answer(get(PackageJson)(get(PackageListing).latest(**parameters(LatestQuery))))


@blueprint.route("/packages/latest/download")
class LatestDownload(MethodView):
    """The newest version's bytes."""

    @requires(Role.AGENT)
    @downloads
    @asks(LatestQuery)
    @operation("download_latest_package")
    def get(self) -> Response:
        """The bytes of the package that /packages/latest describes: one range, conditional requests."""
        return get(PackageSender).send(get(PackageListing).latest(**parameters(LatestQuery)))


@blueprint.route("/packages/<bigint:package_id>")
class OnePackage(MethodView):
    """One package."""

    @requires(Role.AGENT, loads=package_by_id)
    @answers(200, PackageSchema)
    @refuses(404)
    @operation("get_package")
    def get(self, package_id: int) -> Response:  # noqa: ARG002 - `package_by_id` has it
        """The package."""
        package = loaded_package()
        no_parameters()
        return json_answer(get(PackageJson)(package))

    @requires(Role.PUBLISHER)
    @answers(200, PackageSchema)
    @takes(EditSchema)
    @refuses(404)
    @operation("edit_package")
    def patch(self, package_id: int) -> Response:
        """Change the description, or yank: inactive is not latest and not offered, still downloadable."""
        get(PackageStore).get(package_id)
        edit = PackageEdit(**json_fields(EditSchema()))
        return json_answer(get(PackageJson)(get(PackageStore).edit(package_id, edit)))

    @requires(Role.ADMIN)
    @answers(204)
    @refuses(404, 409)
    @operation("delete_package")
    def delete(self, package_id: int) -> Response:
        """Remove the package and its bytes, unless a channel pins it. After a 503 it may be gone already."""
        get(PackageStore).get(package_id)
        no_parameters()
        get(PackageManager).delete(package_id)
        return no_content()


@blueprint.route("/packages/<bigint:package_id>/download")
class PackageDownload(MethodView):
    """A package's bytes by id."""

    @requires(Role.AGENT, loads=package_by_id)
    @downloads
    @operation("download_package")
    def get(self, package_id: int) -> Response:  # noqa: ARG002 - `package_by_id` has it
        """The package's bytes: one range, conditional requests."""
        package = readable(loaded_package())
        no_parameters()
        return get(PackageSender).send(package)


@blueprint.route(
    COORDINATES, parameters=in_path(name=None, version=None, platform="Platform", arch="Arch", file_name=None)
)
class PackageFile(MethodView):
    """A package's bytes by coordinates."""

    @requires(Role.AGENT, file_tokens=True, loads=package_by_path)
    @downloads
    @operation("download_file")
    def get(self, **path: str) -> Response:
        """The package's bytes: one range, conditional requests. The token of an offer's file opens it, too.

        With `.sigstore.json`, `.intoto.jsonl`, `.asc`, `.minisig` or `.sig` behind the path: a signature of it.
        """
        package = loaded_file(path)
        no_parameters()
        return get(PackageSender).send(package)

    @requires(Role.PUBLISHER)
    @answers(201, PackageSchema)
    @also_answers(200, PackageSchema)
    @asks(PutQuery, REPR_DIGEST)
    @takes_bytes("application/octet-stream")
    @refuses(400, 408, 409, 411, 507)
    @operation("put_file")
    def put(self, **path: str) -> Response:
        """Publish a package whose bytes are the body. `Repr-Digest: sha-256=:…:` has them verified.

        With such a suffix behind the path of a package that is there: add a signature to it.
        """
        return publish(receive_raw(path))


def publish(upload: Upload) -> Response:
    """Publish for the caller: 201 with the new package's place, 200 with that of the one that was there."""
    with uploading():
        published = get(PackageManager).publish(upload, caller())
    place = f"{get(Config).server.public_url}/api/v1/packages/{published.package.id}"
    return json_answer(get(PackageJson)(published.package), 201 if published.created else 200, Location=place)
