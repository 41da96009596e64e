"""Unknown query parameters are refused everywhere under /api/v1."""

from flask.testing import FlaskClient


def test_lists_and_reads(admin: FlaskClient) -> None:
    """Each documented GET without a parameter in its path answers 422 that names what it does not know."""
    paths = admin.get("/openapi.json").get_json()["paths"]
    reads = [path for path, methods in paths.items() if "get" in methods and path.startswith("/api/v1/")]
    answers = {path: admin.get(f"{path}?nothing=1") for path in reads if "{" not in path}
    assert len(answers) >= 5
    wrong = {path for path, answer in answers.items() if "nothing" not in answer.get_json().get("errors", {})}
    assert wrong == set()
