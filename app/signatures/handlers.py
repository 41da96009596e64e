"""Signatures over HTTP: by a package's id, and by its path with a suffix behind it."""

from typing import Any

from flask import Blueprint as PlainBlueprint
from flask import Response, request
from flask.views import MethodView
from flask_smorest import Blueprint
from werkzeug.routing import BaseConverter

from app.accounts.auth import caller, requires
from app.accounts.caller import Caller
from app.accounts.roles import Role
from app.accounts.tokens import Claims
from app.config import Config
from app.errors import PackageNotFound, SignatureNotFound
from app.http.body import require_length
from app.http.content_headers import refuse_coded_body
from app.http.downloads.response import Download, answer_download
from app.http.json_body import read_body
from app.http.openapi.describe import (
    also_answers,
    answers,
    asks,
    downloads,
    operation,
    refuses,
    takes_bytes,
)
from app.http.query import no_parameters, parameters
from app.http.responses import json_answer, no_content
from app.http.services import get
from app.packages.handlers import COORDINATES, publish
from app.packages.lookups import loaded_file, loaded_package, other_name, package_by_id, package_by_path
from app.packages.receiving import receive_raw
from app.packages.sending import PackageSender
from app.packages.store import PackageRow
from app.signatures.manager import SignatureManager, suffix_of
from app.signatures.schemas import AddQuery, SignatureSchema, signature_json
from app.signatures.store import SignatureRow, SignatureStore
from app.trust.formats import MAX_SIZE, SUFFIX_OF, SUFFIXES

blueprint = Blueprint("signatures", __name__, url_prefix="/api/v1", description="Signatures beside packages.")

files = PlainBlueprint("signature files", __name__, url_prefix="/api/v1")
"""Paths with a suffix: in the document they are those of files."""


class SignatureFileName(BaseConverter):
    """A file name that ends as a signature's does."""

    regex = "[^/]+(?:" + "|".join(suffix.replace(".", r"\.") for suffix in SUFFIXES) + ")"
    weight = 50


def package_of_signature(claims: Claims, package_id: int, **_digest: str) -> tuple[Caller | None, PackageRow | None]:
    """The caller and the package of this id."""
    return package_by_id(claims, package_id)


@blueprint.route("/packages/<bigint:package_id>/signatures")
class Signatures(MethodView):
    """The signatures of a package."""

    @requires(Role.AGENT, loads=package_by_id)
    @answers(200, SignatureSchema(many=True))
    @refuses(404)
    @operation("list_signatures")
    def get(self, package_id: int) -> Response:
        """The package's signatures, the oldest first: 16 at most."""
        loaded_package()
        no_parameters()
        return json_answer([signature_json(row) for row in get(SignatureStore).listed(package_id)])

    @requires(Role.PUBLISHER, loads=package_by_id)
    @answers(201, SignatureSchema)
    @also_answers(200, SignatureSchema)
    @asks(AddQuery)
    @takes_bytes("application/octet-stream")
    @refuses(400, 404, 408, 409)
    @operation("add_signature")
    def post(self, package_id: int) -> Response:  # noqa: ARG002 - `package_by_id` has it
        """Add a signature, told by its content. The same bytes again: 200."""
        package = loaded_package()
        content = signature_body()
        return added(package, content, may_be_raw="format" in parameters(AddQuery))


@blueprint.route("/packages/<bigint:package_id>/signatures/<digest>")
class OneSignature(MethodView):
    """One signature."""

    @requires(Role.AGENT, loads=package_of_signature)
    @downloads
    @operation("download_signature")
    def get(self, package_id: int, digest: str) -> Response:
        """The signature's bytes as they were sent."""
        package = loaded_package()
        signature = get(SignatureStore).get(package_id, known(digest))
        no_parameters()
        return sent(package, signature)

    @requires(Role.ADMIN, loads=package_of_signature)
    @answers(204)
    @refuses(404)
    @operation("delete_signature")
    def delete(self, package_id: int, digest: str) -> Response:
        """Remove the signature; the package may be blocked without it."""
        loaded_package()
        get(SignatureStore).get(package_id, known(digest))
        no_parameters()
        get(SignatureStore).delete(package_id, digest)
        return no_content()


class SignatureFile(MethodView):
    """A signature by its package's path and a suffix; or a package whose file has such a name."""

    @requires(Role.AGENT, file_tokens=True, loads=package_by_path)
    def get(self, **path: str) -> Response:
        """The signature's bytes, of several those that an offer would carry."""
        if caller().file is not None or loaded_package().file_name == path["file_name"]:
            package = loaded_file(path)
            no_parameters()
            return get(PackageSender).send(package)
        suffix = signature_suffix(path)
        signature = get(SignatureStore).carried(loaded_package().id, SUFFIXES[suffix])
        no_parameters()
        return sent(loaded_package(), signature)

    @requires(Role.PUBLISHER, loads=package_by_path)
    def put(self, **path: str) -> Response:
        """Add a signature to the package. It is never an upload, unless the package's own file has this name."""
        try:
            package = loaded_package()
        except PackageNotFound as error:
            raise PackageNotFound("There is no package here to add a signature to. Publish it first.") from error
        if package.file_name == path["file_name"]:
            return publish(receive_raw(path))
        suffix = signature_suffix(path)
        content = signature_body()
        no_parameters()
        return added(package, content, suffix=suffix)


files.add_url_rule(
    COORDINATES.replace("<file_name>", "<signature_file:file_name>"), view_func=SignatureFile.as_view("signature_file")
)


def signature_suffix(path: dict[str, str]) -> str:
    """The suffix behind the loaded package's own path. Raises PackageNotFound if this is another path."""
    suffix = suffix_of(path["file_name"])
    if loaded_package().file_name + suffix != path["file_name"]:
        raise other_name(loaded_package())
    return suffix


def signature_body() -> bytes:
    """The signature file that the request's body is.

    Raises UnsupportedMediaType, LengthRequired (of a PUT, as every raw one), TooLarge, BadRequest.
    """
    refuse_coded_body(request.environ)
    if request.method == "PUT":
        require_length(request.environ)
    return read_body(MAX_SIZE, "A signature")


def added(package: PackageRow, content: bytes, **options: Any) -> Response:
    """Add for the caller: 201 with the signature's place, 200 if it was there."""
    row, created = get(SignatureManager).add(package, content, caller(), **options)
    place = f"{get(Config).server.public_url}/api/v1/packages/{package.id}/signatures/{row.digest}"
    return json_answer(signature_json(row), 201 if created else 200, Location=place)


def known(digest: str) -> str:
    """The digest as it stands in a path. Raises SignatureNotFound for what can be none."""
    if len(digest) != 64 or not set(digest) <= set("0123456789abcdef"):
        raise SignatureNotFound
    return digest


def sent(package: PackageRow, signature: SignatureRow) -> Response:
    """The signature's bytes, as the request's conditions and range ask for them."""
    content = bytes(signature.content)
    download = Download(
        file_name=package.file_name + SUFFIX_OF[signature.format],
        content_type="application/octet-stream",
        size=len(content),
        checksum=signature.digest,
        last_modified=signature.created_at,
    )
    return answer_download(
        download, lambda part: Response(content if part is None else content[part.start : part.stop])
    )
