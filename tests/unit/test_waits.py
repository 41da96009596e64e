"""No test waits for ever: whatever waits for another process, thread or machine says for how long."""

import ast
from collections.abc import Iterator
from pathlib import Path

from dev.checkout import PROJECT

TIMEOUT = {"timeout", "connect_timeout"}
PROGRAMS = {f"subprocess.{name}" for name in ("run", "call", "check_call", "check_output")}
REQUESTS = {f"requests.{name}" for name in ("request", "get", "head", "post", "put", "patch", "delete")}
BY_NAME = {*PROGRAMS, *REQUESTS, "psycopg2.connect"}
"""What takes its limit by name alone."""

WITHOUT_ARGUMENTS = {"wait", "join", "result"}
"""Methods of threads, processes, events and futures that wait for ever unless they are told for how long."""


def files() -> list[Path]:
    """Everything that runs in a test."""
    return [file for folder in ("tests", "client/tests", "dev") for file in sorted((PROJECT / folder).rglob("*.py"))]


def endless(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """The line and the text of each wait without a limit."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and _is_endless(node):
            yield node.lineno, ast.unparse(node)[:100]
        elif isinstance(node, ast.withitem) and "Popen(" in ast.unparse(node.context_expr).partition(" ")[0][:17]:
            # Its exit waits for the end of a program that nobody has ended if the block raises.
            yield node.context_expr.lineno, ast.unparse(node)[:100]


def _is_endless(call: ast.Call) -> bool:
    called, named = ast.unparse(call.func), {str(keyword.arg) for keyword in call.keywords}
    method = called.rpartition(".")[2]
    if called in BY_NAME or method == "communicate":
        return not named & TIMEOUT
    if method == "urlopen" or called.endswith("HTTPConnection"):
        return "timeout" not in named and len(call.args) < 3
    if called == "socket.create_connection":
        return "timeout" not in named and len(call.args) < 2
    if called == "threading.Thread":
        # The end of the process would wait for it.
        return "daemon" not in named
    return isinstance(call.func, ast.Attribute) and method in WITHOUT_ARGUMENTS and not call.args and not named


def test_every_wait_has_a_limit() -> None:
    """None of what is in tests and under them waits for ever."""
    found = [
        f"{file.relative_to(PROJECT)}:{line}: {text}"
        for file in files()
        for line, text in endless(ast.parse(file.read_text()))
    ]
    assert found == []
