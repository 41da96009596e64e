"""Uploads in pieces over HTTP."""

from datetime import datetime

from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from werkzeug.exceptions import MethodNotAllowed

from app.accounts.auth import caller, requires
from app.accounts.roles import Role
from app.config import Config
from app.errors import PackageExists, PackageRefused
from app.http.openapi.describe import (
    also_answers,
    answers,
    asks,
    for_role,
    in_header,
    operation,
    refuses,
    takes_bytes,
    without_token,
)
from app.http.paging import page_answer, requested_page
from app.http.query import no_parameters, parameters
from app.http.responses import json_answer, no_content
from app.http.services import get
from app.packages.schemas import PackageJson, PackageSchema
from app.packages.store import PackageStore
from app.telemetry.metrics import uploading
from app.uploads import schemas
from app.uploads.answers import package_url, tell, tell_version, upload_limit
from app.uploads.dialects import DRAFT_BYTES, TUS_BYTES, TUS_VERSION
from app.uploads.listing import UploadListing
from app.uploads.manager import UploadManager
from app.uploads.piece import Piece
from app.uploads.receiving import (
    has_body,
    new_by_metadata,
    new_by_path,
    piece_at_offset,
    piece_of,
    refuse_other_pieces,
    speaks_tus,
)
from app.uploads.reception import Reception

DESCRIPTION = "One file in pieces: tus 1.0.0, or the field names of draft-ietf-httpbis-resumable-upload."
blueprint = Blueprint("uploads", __name__, url_prefix="/api/v1", description=DESCRIPTION)
blueprint.before_request(tell_version)

EXTENSIONS = "creation,creation-with-upload,expiration,checksum,termination"
PUT_ENDPOINT = "packages.PackageFile"


@blueprint.route("/uploads")
class Uploads(MethodView):
    """All uploads."""

    @answers(204)
    @without_token
    @operation("get_upload_options")
    def options(self) -> Response:
        """What of tus is spoken, and the limits."""
        limits = get(Config).packages
        answer = no_content()
        answer.headers.update(
            {
                "Tus-Resumable": TUS_VERSION,
                "Tus-Version": TUS_VERSION,
                "Tus-Extension": EXTENSIONS,
                "Tus-Max-Size": str(limits.max_size),
                "Tus-Checksum-Algorithm": "sha256,sha1",
                "Upload-Limit": upload_limit(limits.upload_expiry),
                "Allow": "GET, HEAD, OPTIONS, POST",
            }
        )
        return answer

    @requires(Role.PUBLISHER)
    @answers(200, schemas.UploadSchema(many=True))
    @asks(schemas.UploadsQuery)
    @operation("list_uploads")
    def get(self) -> Response:
        """One's own open uploads, an admin's everybody's, the oldest first, in pages. It takes over none of them."""
        query = parameters(schemas.UploadsQuery)
        page = requested_page(query, datetime, str)
        filters = {name: query[name] for name in schemas.FILTERS if name in query}
        rows = get(UploadListing).page(caller(), filters, page.fetch, page.after)  # type: ignore[arg-type]  # by `types`
        return page_answer(page, rows, schemas.upload_json, lambda row: (row.created_at, row.id))

    @requires(Role.PUBLISHER)
    @answers(201)
    @in_header(schemas.TUS_RESUMABLE, schemas.UPLOAD_LENGTH, schemas.UPLOAD_METADATA, schemas.UPLOAD_CHECKSUM)
    @takes_bytes(TUS_BYTES, required=False)
    @refuses(400, 409, 412, 429, 460, 507)
    @operation("create_upload")
    def post(self) -> Response:
        """Create an upload (tus), at `Location`; the body, if there is one, is its first piece."""
        manager = get(UploadManager)
        new = new_by_metadata()
        manager.published_already(new)
        reception = manager.create(new, caller())
        tell(reception, location=True)
        if has_body():
            receive(reception, piece_of(reception.upload, is_tus=True), is_tus=True)
        answer = no_content()
        answer.status_code = 201
        return answer


@blueprint.route("/uploads/<upload_id>")
class OneUpload(MethodView):
    """One upload."""

    @requires(Role.PUBLISHER)
    @answers(200)
    @refuses(404, 410, 412)
    @operation("head_upload")
    def head(self, upload_id: str) -> Response:
        """How far the upload is, in its headers. It takes the upload over: an older PATCH adds nothing any more."""
        speaks_tus()
        reception = get(UploadManager).claim(upload_id, caller())
        tell(reception)
        no_parameters()
        answer = no_content()
        answer.status_code = 200
        if reception.upload.sent_metadata:
            answer.headers["Upload-Metadata"] = reception.upload.sent_metadata
        return answer

    @requires(Role.PUBLISHER)
    @answers(204)
    @also_answers(200, PackageSchema)
    @also_answers(201, PackageSchema)
    @in_header(
        *(schemas.UPLOAD_OFFSET, schemas.TUS_RESUMABLE, schemas.UPLOAD_COMPLETE),
        *(schemas.UPLOAD_CHECKSUM, schemas.CONTENT_DIGEST),
    )
    @takes_bytes(TUS_BYTES, DRAFT_BYTES)
    @refuses(400, 404, 409, 410, 412, 460, 507)
    @operation("append_to_upload")
    def patch(self, upload_id: str) -> Response:
        """Add a piece at `Upload-Offset`. The one that brings the last byte publishes, as PUT does.

        What came is kept, however the request ends.
        """
        with get(UploadManager).holding(upload_id, caller()) as reception:
            tell(reception)
            is_tus = refuse_other_pieces()
            piece = piece_at_offset(reception.upload, is_tus=is_tus)
            if reception.upload.state == "open":
                receive(reception, piece, is_tus=is_tus)
        return no_content() if is_tus else stood_or_published(reception)

    @requires(Role.PUBLISHER)
    @answers(204)
    @refuses(404, 412)
    @operation("delete_upload")
    def delete(self, upload_id: str) -> Response:
        """End the upload, and remove what is stored of it; a published package stays."""
        speaks_tus()
        no_parameters()
        get(UploadManager).end(upload_id, caller())
        return no_content()

    @for_role(Role.PUBLISHER.label)
    @answers(204)
    @in_header(schemas.METHOD_OVERRIDE)
    @refuses(404, 405)
    @operation("override_upload_method")
    def post(self, upload_id: str) -> Response:
        """PATCH or DELETE, for clients that can send neither."""
        method = request.headers.get("X-HTTP-Method-Override", "").upper()
        if method not in ("PATCH", "DELETE"):
            raise MethodNotAllowed(["DELETE", "HEAD", "OPTIONS", "PATCH"])
        return self.patch(upload_id) if method == "PATCH" else self.delete(upload_id)


@blueprint.before_app_request  # type: ignore[untyped-decorator]  # flask-smorest has no types
def begin_by_put() -> Response | None:
    """The draft's creation is the PUT of a file's path that says `Upload-Complete: ?0`."""
    is_begun = request.method == "PUT" and request.endpoint == PUT_ENDPOINT
    if not is_begun or request.headers.get("Upload-Complete", "").strip() != "?0":
        return None
    return create_by_put(request.view_args or {})


@requires(Role.PUBLISHER)
def create_by_put(path: dict[str, str]) -> Response:
    """Create an upload (draft), at `Location`; where the package is there already no byte need be sent."""
    manager = get(UploadManager)
    new = new_by_path(path)
    package = manager.published_already(new)
    if package is not None:
        there = {"Location": package_url(package.id), "Upload-Complete": "?1"}
        return json_answer(get(PackageJson)(package), 200, **there)
    reception = manager.create(new, caller())
    tell(reception, location=True)
    if has_body():
        receive(reception, piece_of(reception.upload, is_tus=False), is_tus=False)
    if reception.published is not None:
        return stood_or_published(reception)
    answer = no_content()
    answer.status_code = 201
    return answer


def receive(reception: Reception, piece: Piece, *, is_tus: bool) -> None:
    """Add the piece. tus clients read 409 as 'wrong offset, send again': to them other bytes are 422."""
    try:
        with uploading():
            get(UploadManager).receive(reception, piece, caller())
    except PackageExists as error:
        if is_tus:
            raise PackageRefused(error.detail) from error
        raise


def stood_or_published(reception: Reception) -> Response:
    """The draft's answer: 204, or the package, 201 if this upload created it."""
    upload = reception.upload
    if upload.state != "done" or upload.package_id is None:
        return no_content()
    published = reception.published
    package = published.package if published else get(PackageStore).get(upload.package_id)
    there = {"Location": package_url(package.id)}
    return json_answer(get(PackageJson)(package), 201 if upload.is_new else 200, **there)
