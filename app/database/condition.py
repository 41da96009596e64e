"""Whether PostgreSQL serves, as this process last saw it: logged once per change, and told to those who ask."""

import logging
import threading
from typing import Any

from app.database.failures import UNANSWERED, Failure, is_of_a_statement
from app.errors import DatabaseUnavailable

log = logging.getLogger(__name__)


class Condition:
    """The last failure, None while the database answers. `is_logged`: a command says it itself, in its one line."""

    def __init__(self, *, is_logged: bool = True) -> None:
        self._is_logged = is_logged
        self._failure: Failure | None = None
        self._lock = threading.Lock()

    def refusal(self) -> DatabaseUnavailable:
        """What to tell a request that must not try."""
        return unavailable(self._failure or UNANSWERED)

    def failed(self, failure: Failure, error: Any, server: str) -> None:
        """Note a failure, and log the driver's first line if it is another one than before."""
        if is_of_a_statement(error):
            return
        with self._lock:
            before, self._failure = self._failure, failure
        if before is not failure and self._is_logged:
            log.warning("database: %s %s", failure.sentence, told(error, server))

    def answered(self) -> None:
        """Note an answer."""
        if self._failure is not None:
            with self._lock:
                before, self._failure = self._failure, None
            if before is not None and self._is_logged:
                log.warning("database: answers again")


def told(error: Any, server: str) -> str:
    """The driver's first line, with the SQLSTATE, and with the server where the line does not name it."""
    line = (str(error).splitlines() or [type(error).__name__])[0].strip()
    code = f"SQLSTATE {error.pgcode}, " if error.pgcode else ""
    return f"({code}{line})" if line.startswith("connection to") else f"({code}{server}: {line})"


def unavailable(failure: Failure, more: str = "") -> DatabaseUnavailable:
    """The error that tells of this failure, and `more` about it."""
    error = DatabaseUnavailable(f"{failure.sentence} {more}".strip())
    error.state, error.passes = failure.state, failure.passes
    return error
