"""Releases over HTTP: all packages of one name and version."""

from flask import Response
from flask.views import MethodView
from flask_smorest import Blueprint

from app.accounts.auth import requires
from app.accounts.roles import Role
from app.http.json_body import json_fields
from app.http.openapi.describe import answers, asks, operation, refuses, takes
from app.http.paging import PageQuery, page_answer
from app.http.query import no_parameters
from app.http.responses import no_content
from app.http.services import get
from app.packages.lookups import existing_release, loaded_release, release_by_path, release_page
from app.packages.manager import PackageManager
from app.packages.releases import ReleaseStore
from app.packages.schemas import EditSchema, PackageJson, PackageSchema
from app.packages.store import PackageEdit

blueprint = Blueprint("releases", __name__, url_prefix="/api/v1", description="All packages of one version.")


@blueprint.route("/releases/<name>/<version>")
class Release(MethodView):
    """One release."""

    @requires(Role.AGENT, loads=release_by_path)
    @answers(200, PackageSchema(many=True))
    @asks(PageQuery)
    @refuses(404)
    @operation("list_release")
    def get(self, name: str, version: str) -> Response:
        """The release's packages for all platforms, the oldest first, in pages."""
        listed = loaded_release(name, version)
        return page_answer(listed.asked, listed.rows, get(PackageJson), listed.page.position)

    @requires(Role.PUBLISHER)
    @answers(200, PackageSchema(many=True))
    @takes(EditSchema)
    @refuses(404)
    @operation("edit_release")
    def patch(self, name: str, version: str) -> Response:
        """Change or yank all packages of the release at once. The answer is its first page."""
        existing_release(name, version)
        rows = get(ReleaseStore).edit(name, version, PackageEdit(**json_fields(EditSchema())))
        asked, page = release_page(name, version)
        return page_answer(asked, rows, get(PackageJson), page.position)

    @requires(Role.ADMIN)
    @answers(204)
    @refuses(404, 409)
    @operation("delete_release")
    def delete(self, name: str, version: str) -> Response:
        """Remove all packages of the release and their bytes, or none if a channel pins it.

        After a 503 they may be gone already.
        """
        existing_release(name, version)
        no_parameters()
        get(PackageManager).delete_release(name, version)
        return no_content()
