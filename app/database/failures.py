"""Error classification: PostgreSQL can't serve now, and why, or the statement is wrong.

By SQLSTATE, which libpq does not give for a connection that was refused: there by the words of its message, in
English; a server that speaks another language gets the general sentence, and the log has its own words.
"""

import re
from dataclasses import dataclass
from typing import Any

import psycopg2

SILENT = "The database does not answer. Try again."


@dataclass(frozen=True, slots=True)
class Failure:
    """Why the database can't serve: a sentence for answers, and its part's state in /health/ready."""

    sentence: str = SILENT
    state: str = "down"
    passes: bool = True
    """Whether it may be over without anybody doing something."""
    stops_start: bool = False
    """Whether the service had better not start like this: it could lose what it is given."""


UNANSWERED = Failure()
BEHIND = Failure(
    "The database's schema is missing or older than this version of the service. "
    "Run 'flask --app wsgi db upgrade' once.",
    state="behind",
    passes=False,
)
READ_ONLY = Failure(
    "The database can only be read: it is a standby, or a primary that was demoted. "
    "The service writes again as soon as it reaches one that can be written.",
    state="read-only",
)
WRONG_USER = Failure(
    "PostgreSQL refuses the service's user or password. Correct database.user and database.password, or database.url.",
    passes=False,
)
NO_DATABASE = Failure(
    "PostgreSQL has no database of the name that database.dbname, or database.url, gives. Create it or correct it.",
    passes=False,
)
NO_RIGHT = Failure(
    "The service's user lacks a right in the database. Let it own the database's tables, or grant it what they need.",
    passes=False,
)
NO_NAME = Failure(
    "The name of the database's host does not resolve. Correct database.host, or database.url, or the name service.",
    passes=False,
)
NO_TLS = Failure(
    "The TLS connection to PostgreSQL fails; the log says why. Correct database.sslmode or the certificates.",
    passes=False,
)
NO_ENTRY = Failure("PostgreSQL's pg_hba.conf lets nobody in from here as this user. Add a line for it.", passes=False)
FULL = Failure("PostgreSQL has no room left on its disk. Free some; until then nothing can be written.", passes=False)
CROWDED = Failure(
    "PostgreSQL takes no more connections. Keep workers x database.pool_size x instances below its max_connections."
)
POOLER = Failure(
    "Between the service and PostgreSQL stands a pooler that does not keep sessions apart, as PgBouncer: settings, "
    "locks and prepared statements would be lost. Lead database.host to PostgreSQL itself.",
    passes=False,
    stops_start=True,
)
ENCODING = Failure(
    "The database's encoding is not UTF8, so that it cannot hold every name and description. "
    "Create it anew with ENCODING 'UTF8'.",
    passes=False,
    stops_start=True,
)

BY_SQLSTATE: dict[str, Failure] = {
    "25006": READ_ONLY,  # the transaction is read-only
    "28": WRONG_USER,
    "3D000": NO_DATABASE,
    "42501": NO_RIGHT,
    "42P01": BEHIND,  # no such table
    "42703": BEHIND,  # no such column
    "42704": BEHIND,  # no such type
    "42883": BEHIND,  # no such function
    "53100": FULL,
    "53300": CROWDED,
    "53": UNANSWERED,  # insufficient resources
    "55P03": UNANSWERED,  # lock not available within lock_timeout
    "25P03": UNANSWERED,  # idle in transaction for too long
    "25P04": UNANSWERED,  # transaction_timeout
    "40": UNANSWERED,  # serialization failure, deadlock
    "57": UNANSWERED,  # operator intervention: shutdown, crash, cannot connect now
    "58": UNANSWERED,  # system error: I/O
    "08": UNANSWERED,  # connection exception
    "XX": UNANSWERED,  # internal error, data corrupted
}
"""By SQLSTATE or its class; what is not here is a wrong statement."""

OF_A_STATEMENT = ("55P03", "25P03", "25P04", "40", "57014")
"""SQLSTATEs that one statement met with, and that say nothing of the next."""

BY_WORDS: tuple[tuple[str, Failure], ...] = (
    (r"session is read-only|cannot execute .* in a read-only transaction", READ_ONLY),
    (r"unsupported startup parameter", POOLER),
    (r"password authentication failed|no password supplied|role .* (does not exist|is not permitted)", WRONG_USER),
    (r"authentication failed", WRONG_USER),
    (r"database .* does not exist", NO_DATABASE),
    (r"permission denied", NO_RIGHT),
    (r"no pg_hba\.conf entry|pg_hba\.conf rejects", NO_ENTRY),
    (r"could not translate host name", NO_NAME),
    (r"too many (clients|connections)|remaining connection slots", CROWDED),
    (r"SSL|certificate", NO_TLS),
)
"""For errors without SQLSTATE: those of connecting."""

Error = psycopg2.Error


class Refused(psycopg2.OperationalError):  # type: ignore[misc]  # psycopg2 has no types
    """We refuse the connection that PostgreSQL gave us."""

    def __init__(self, failure: Failure) -> None:
        super().__init__(failure.sentence)
        self.failure = failure


def failure_of(error: Any) -> Failure | None:
    """Why the database can't serve, by an error of psycopg2's; None if the statement is wrong."""
    if isinstance(error, Refused):
        return error.failure
    sqlstate = error.pgcode
    if sqlstate is not None:
        return BY_SQLSTATE.get(sqlstate) or BY_SQLSTATE.get(sqlstate[:2])
    if not isinstance(error, psycopg2.OperationalError | psycopg2.InterfaceError) and type(error) is not Error:
        return None
    return next((failure for words, failure in BY_WORDS if re.search(words, str(error))), UNANSWERED)


def is_of_a_statement(error: Any) -> bool:
    """Whether the error tells of one statement's fate, not of the database's state."""
    return str(error.pgcode or "").startswith(OF_A_STATEMENT)
