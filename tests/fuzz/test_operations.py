"""Every operation of /openapi.json with inputs that its own schema allows or forbids, on the real service."""

import traceback
from typing import Any

import schemathesis
from hypothesis import given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.faults.site import Site

CHECKS = [not_a_server_error, content_type_conformance, response_schema_conformance, status_code_conformance]
LEAKS = (b"Traceback", b"psycopg2", b"sqlalchemy", b"site-packages", b"SELECT ", b"127.0.0.1:")
EXAMPLES = 25
"""For each operation."""
OWN_TOKENS = 1000
"""Ids up to this are those of the tests: inputs that would end one of them name another."""


@schemathesis.serializer("application/x-protobuf", "application/offset+octet-stream", "application/partial-upload")
def as_bytes(_context: Any, value: Any) -> bytes:
    """An agent's message, a piece of an upload: any bytes."""
    content = getattr(value, "data", value)
    return content if isinstance(content, bytes) else str(content).encode()


def test_all_operations(site: Site) -> None:
    """No 5xx, no answer that the document does not describe, and nothing of the inside in any."""
    document = schemathesis.openapi.from_url(f"{site.service.url}/openapi.json")
    operations = [result.ok() for result in document.get_all_operations()]
    assert len(operations) > 15
    failures = {operation.label: failure for operation in operations if (failure := fuzzed(operation, site))}
    assert not failures, "\n\n".join(f"{label}: {failure}" for label, failure in failures.items())


def fuzzed(operation: Any, site: Site) -> str:
    """What is wrong with an operation; "" if nothing is."""
    headers = {"Authorization": f"Bearer {site.tokens['admin']}"}

    right, wrong = (operation.as_strategy(generation_mode=mode) for mode in GenerationMode)

    @settings(max_examples=EXAMPLES)
    @given(case=right | wrong)
    def ask(case: Any) -> None:
        spare_own_tokens(case)
        response = case.call(base_url=site.service.url, headers=headers)
        case.validate_response(response, checks=CHECKS)
        # Packages say where they are, under server.public_url.
        content = response.content.replace(site.service.url.encode(), b"")
        assert not [leak for leak in LEAKS if leak in content]

    try:
        ask()
    except (AssertionError, BaseExceptionGroup) as error:
        return "".join(traceback.format_exception(error))
    return ""


def spare_own_tokens(case: Any) -> None:
    """Keep the fuzz from ending the token that it uses."""
    number = case.path_parameters.get("token_id")
    if isinstance(number, int) and 0 < number <= OWN_TOKENS:
        case.path_parameters["token_id"] = number + OWN_TOKENS
