"""Packages over HTTP."""

import functools
from typing import Any

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from app.accounts.auth import caller, requires
from app.accounts.roles import Role
from app.http.json_body import json_fields
from app.http.openapi.describe import also_answers, answers, asks, refuses, takes
from app.http.paging import page_answer
from app.http.query import no_parameters, parameters
from app.http.responses import json_answer, no_content
from app.packages.lookups import by_id, by_path, by_query, found_file, found_package, found_page, packages
from app.packages.receiving import receive_form, receive_raw
from app.packages.schemas import (
    EditSchema,
    LatestQuery,
    ListQuery,
    PackageSchema,
    PutQuery,
    UploadFormSchema,
    package_json,
)
from app.packages.sending import send_package
from app.packages.store import PackageEdit, PackageRow
from app.packages.uploads import Upload
from app.telemetry.metrics import uploading
from app.wiring import services

blueprint = Blueprint("packages", __name__, url_prefix="/api/v1", description="Publish, find, download packages.")

COORDINATES = "/packages/<name>/<version>/<platform>/<arch>/<file_name>"


@blueprint.route("/packages")
class Packages(MethodView):
    """All packages."""

    @requires(Role.AGENT, finding=by_query)
    @answers(200, PackageSchema(many=True))
    @asks(ListQuery)
    def get(self) -> Response:
        """Packages in pages: follow `Link: <…>; rel="next"` while there is one."""
        listed = found_page()
        to_json = functools.partial(package_json, location=services().storage.location)
        return page_answer(listed.asked, listed.rows, to_json, listed.page.position)

    @requires(Role.PUBLISHER)
    @answers(201, PackageSchema)
    @also_answers(200, PackageSchema)
    @takes(UploadFormSchema, "multipart/form-data")
    @refuses(408, 409, 507)
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
    def get(self) -> Response:
        """The newest active package by SemVer precedence, for exactly this arch or, failing that, for `any`."""
        return json_answer(content(packages().listing.latest(**parameters(LatestQuery))))


@blueprint.route("/packages/<bigint:package_id>")
class OnePackage(MethodView):
    """One package."""

    @requires(Role.AGENT, finding=by_id)
    @answers(200, PackageSchema)
    @refuses(404)
    def get(self, package_id: int) -> Response:  # noqa: ARG002 - `by_id` has it
        """The package."""
        package = found_package()
        no_parameters()
        return json_answer(content(package))

    @requires(Role.PUBLISHER)
    @answers(200, PackageSchema)
    @takes(EditSchema)
    @refuses(404)
    def patch(self, package_id: int) -> Response:
        """Change the description, or yank: inactive is not latest and not offered, still downloadable."""
        packages().store.get(package_id)
        edit = PackageEdit(**json_fields(EditSchema()))
        return json_answer(content(packages().store.edit(package_id, edit)))

    @requires(Role.ADMIN)
    @answers(204)
    @refuses(404, 409)
    def delete(self, package_id: int) -> Response:
        """Remove the package and its bytes, unless a channel pins it. After a 503 it may be gone already."""
        packages().store.get(package_id)
        no_parameters()
        packages().manager.delete(package_id)
        return no_content()


@blueprint.route("/packages/<bigint:package_id>/download")
class PackageDownload(MethodView):
    """A package's bytes by id."""

    @requires(Role.AGENT, finding=by_id)
    @answers(200, content_type="application/octet-stream")
    @refuses(404, 416, 502)
    def get(self, package_id: int) -> Response:  # noqa: ARG002 - `by_id` has it
        """The package's bytes: one range, conditional requests."""
        package = found_package()
        no_parameters()
        return send_package(package)


@blueprint.route(COORDINATES)
class PackageFile(MethodView):
    """A package's bytes by coordinates."""

    @requires(Role.AGENT, file_tokens=True, finding=by_path)
    @answers(200, content_type="application/octet-stream")
    @refuses(404, 416, 502)
    def get(self, **path: str) -> Response:
        """The package's bytes: one range, conditional requests. The token of an offer's file opens it, too."""
        package = found_file(path)
        no_parameters()
        return send_package(package)

    @requires(Role.PUBLISHER)
    @answers(201, PackageSchema)
    @also_answers(200, PackageSchema)
    @asks(PutQuery)
    @refuses(408, 409, 411, 413, 507)
    def put(self, **path: str) -> Response:
        """Publish a package whose bytes are the body. `Repr-Digest: sha-256=:…:` has them verified."""
        return publish(receive_raw(path))


def content(package: PackageRow) -> dict[str, Any]:
    """The package's JSON."""
    return package_json(package, services().storage.location)


def publish(upload: Upload) -> Response:
    """Publish for the caller: 201 with the new package's place, 200 with that of the one that was there."""
    with uploading():
        published = packages().manager.publish(upload, caller().username)
    place = f"{services().config.server.public_url}/api/v1/packages/{published.package.id}"
    return json_answer(content(published.package), 201 if published.created else 200, Location=place)
