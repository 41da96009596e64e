"""The OpenAPI document against the routes, and the page over it. Neither needs PostgreSQL or storage."""

import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient

from app import create_app
from app.config.sections import PROJECT
from app.http.openapi.document import VERSION
from tests.configuration import configuration

PUBLIC_URL = "https://packages.example.com/prefix"
OPEN = {
    "/",
    "/api/v1/auth/login",
    "/cli",
    "/health",
    "/health/live",
    "/health/ready",
    "/metrics",
    "/openapi.json",
    "/swagger",
}
ROLES = {
    ("get", "/api/v1/me"): "agent",
    ("get", "/api/v1/packages"): "agent",
    ("post", "/api/v1/packages"): "publisher",
    ("patch", "/api/v1/packages/{package_id}"): "publisher",
    ("delete", "/api/v1/packages/{package_id}"): "admin",
    ("post", "/api/v1/users"): "admin",
    ("get", "/api/v1/tokens"): "admin",
}


@pytest.fixture(scope="module")
def app() -> Flask:
    """The application, connected to nothing."""
    return create_app(configuration(server={"public_url": PUBLIC_URL}))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client without a token."""
    return app.test_client()


@pytest.fixture
def document(client: FlaskClient) -> dict[str, Any]:
    """The document."""
    content: dict[str, Any] = client.get("/openapi.json").get_json()
    return content


def operations(document: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Method, path and description of every operation."""
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if method != "parameters":
                yield method, path, operation


def test_documented_operations_are_the_routes(app: Flask, document: dict[str, Any]) -> None:
    """Every route is documented with each of its methods, and nothing else is; pages for people aside."""
    routes = {
        (method.lower(), re.sub(r"<(?:[^<>]+:)?(\w+)>", r"{\1}", rule.rule))
        for rule in app.url_map.iter_rules()
        if not rule.rule.startswith("/ui")
        for method in rule.methods - {"HEAD", "OPTIONS"}
    }
    # These answer other things there than GET's headers and the methods.
    routes |= {("head", "/api/v1/uploads/{upload_id}"), ("options", "/api/v1/uploads")}
    documented = {(method, path) for method, path, _ in operations(document)}
    assert routes - documented == {("get", "/swagger/{name}")}
    assert documented <= routes


def test_version_of_the_project(document: dict[str, Any]) -> None:
    """The document has the project's version and names the public URL as its server."""
    project = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]
    assert document["info"]["version"] == VERSION == project["version"]
    assert document["servers"][0] == {"url": PUBLIC_URL}
    assert document["openapi"].startswith("3.")


def test_tokens(document: dict[str, Any]) -> None:
    """Every operation but the open ones needs a bearer token, and names the lowest role."""
    scheme = document["components"]["securitySchemes"]["bearer"]
    assert (scheme["type"], scheme["scheme"]) == ("http", "bearer")
    for method, path, operation in operations(document):
        needs = operation["security"] == [{"bearer": []}]
        assert needs is (path not in OPEN and method != "options")
        assert (operation.get("x-role") in ("agent", "publisher", "admin")) is needs


@pytest.mark.parametrize(("operation", "role"), ROLES.items())
def test_roles(document: dict[str, Any], operation: tuple[str, str], role: str) -> None:
    """The roles are the contract's."""
    method, path = operation
    assert document["paths"][path][method]["x-role"] == role


def test_every_operation_is_described(document: dict[str, Any]) -> None:
    """Every operation has a summary and a success; that of `/` is to lead on."""
    for method, path, operation in operations(document):
        assert operation["summary"], (method, path)
        assert any(status.startswith("3" if path == "/" else "2") for status in operation["responses"]), (method, path)


def test_errors_are_problems(document: dict[str, Any]) -> None:
    """Every error of every operation is the one problem schema as application/problem+json.

    Only a message that is none of OpAMP's is refused in OpAMP's own form.
    """
    components = document["components"]["responses"]
    problem = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    for method, path, operation in operations(document):
        assert "default" in operation["responses"], (method, path)
        for status, response in operation["responses"].items():
            if not status.startswith(("2", "3")) and (path, status) != ("/v1/opamp", "400"):
                assert components[response["$ref"].rpartition("/")[2]]["content"] == problem, (method, path, status)
    assert {"type", "title", "status", "detail", "request_id"} <= set(
        document["components"]["schemas"]["Problem"]["required"]
    )


def test_operations_have_names(document: dict[str, Any]) -> None:
    """Each has an operationId of its own, in one style, from which generators make a function's name."""
    names = [operation.get("operationId", "") for _, _, operation in operations(document)]
    assert len(names) == len(set(names))
    assert [name for name in names if not re.fullmatch("[a-z]+(_[a-z]+)*", name)] == []


ANSWERS = ["Package", "User", "Caller", "Token", "IssuedToken", "LoggedIn", "Agent", "Installations", "Channel"]


@pytest.mark.parametrize("name", ANSWERS)
def test_answers_are_complete(document: dict[str, Any], name: str) -> None:
    """A client need not ask whether a member of an answer is there."""
    schema = document["components"]["schemas"][name]
    assert schema["required"] == sorted(schema["properties"])


def test_files_are_binary(document: dict[str, Any]) -> None:
    """Raw bodies, the form's file and downloads are bytes to generators."""
    binary = {"type": "string", "format": "binary"}
    file = document["paths"]["/api/v1/packages/{name}/{version}/{platform}/{arch}/{file_name}"]
    assert file["put"]["requestBody"]["content"]["application/octet-stream"]["schema"] == binary
    assert document["components"]["schemas"]["UploadForm"]["properties"]["file"] == binary
    by_id = document["paths"]["/api/v1/packages/{package_id}/download"]["get"]
    latest = document["paths"]["/api/v1/packages/latest/download"]["get"]
    for download in (file["get"], by_id, latest):
        for status in ("200", "206"):
            assert download["responses"][status]["content"]["application/octet-stream"]["schema"] == binary


@pytest.mark.parametrize("name", ["Platform", "Arch"])
def test_vocabularies(document: dict[str, Any], name: str) -> None:
    """Fields, filters and paths name one component, which lists what there is."""
    assert {"Platform": "linux", "Arch": "any"}[name] in document["components"]["schemas"][name]["enum"]
    reference = {"allOf": [{"$ref": f"#/components/schemas/{name}"}]}
    for schema in ("Package", "UploadForm"):
        assert document["components"]["schemas"][schema]["properties"][name.lower()] == reference
    for path in ("/api/v1/packages/latest", "/api/v1/packages/{name}/{version}/{platform}/{arch}/{file_name}"):
        described = document["paths"][path]
        parameters = [*described.get("parameters", []), *described["get"].get("parameters", [])]
        assert reference in [parameter["schema"] for parameter in parameters]


def test_patterns_are_ecmas(document: dict[str, Any]) -> None:
    """They are anchored at both ends, and without what Python alone knows."""
    patterns = [node["pattern"] for node in nodes(document) if isinstance(node.get("pattern"), str)]
    assert len(patterns) > 5
    assert [each for each in patterns if not (each.startswith("^") and each.endswith("$")) or "\\Z" in each] == []


def test_nothing_is_null_by_default(document: dict[str, Any]) -> None:
    """A page or a client that sends defaults would send the text "null"."""
    assert [node for node in nodes(document) if "default" in node and node["default"] is None] == []


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    """Every object in the document."""
    if isinstance(node, dict):
        yield node
        node = list(node.values())
    if isinstance(node, list):
        for member in node:
            yield from nodes(member)


def test_references_lead_somewhere(document: dict[str, Any]) -> None:
    """Every reference in the document is to something in it."""
    found = {node["$ref"] for node in nodes(document) if "$ref" in node}
    assert found
    for reference in found:
        node: Any = document
        for step in reference.removeprefix("#/").split("/"):
            node = node[step]


def test_ids_are_bigints(document: dict[str, Any]) -> None:
    """An id in a path is a positive 64-bit integer."""
    (parameter,) = document["paths"]["/api/v1/packages/{package_id}"]["parameters"]
    assert parameter["schema"]["type"] == "integer"
    assert parameter["schema"]["minimum"] == 1


def test_page_links_nowhere_else(client: FlaskClient) -> None:
    """The page and its policy name no other host, and every file that it links is served."""
    page = client.get("/swagger")
    assert page.content_type == "text/html; charset=utf-8"
    assert "//" not in re.sub(r"<!doctype[^>]*>", "", page.text)
    links = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(links) >= 3
    for link in links:
        with client.get(f"/{link}") as file:
            assert file.status_code == 200, link
            assert file.headers["X-Content-Type-Options"] == "nosniff"


def test_page_runs_only_our_scripts(client: FlaskClient) -> None:
    """The page's policy takes scripts and connections from this service alone, and lets nobody frame it."""
    policy = client.get("/swagger").headers["Content-Security-Policy"]
    for directive in ("default-src 'none'", "script-src 'self'", "connect-src 'self'", "frame-ancestors 'none'"):
        assert directive in policy.split("; ")


@pytest.mark.parametrize(
    "path", ["/swagger/", "/swagger/index.html", "/swagger/..%2f__init__.py", "/swagger/a/b", "/openapi.json/"]
)
def test_no_other_files(client: FlaskClient, path: str) -> None:
    """Only the page's own files are served, and a trailing slash is another path."""
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/openapi.json", "/swagger"])
def test_open_to_all(client: FlaskClient, path: str) -> None:
    """Neither a bad token nor a query matters; HEAD has no body."""
    response = client.get(f"{path}?a=1&a=2", headers={"Authorization": "Bearer nonsense"})
    assert response.status_code == 200
    head = client.head(path)
    assert (head.status_code, head.data) == (200, b"")
    assert head.headers["Content-Length"] == response.headers["Content-Length"]
