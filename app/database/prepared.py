"""Prepared statements: PostgreSQL plans them once for each connection.

To read a token's owner and a package by id took its backend 300 µs, of which 210 were for planning (PostgreSQL 15), a
page of 100 packages 1,090 of which 440. Only for what one plan is right for, whatever the parameters: probes of unique
indexes, and lists that only their sort's index can answer. Other lists' filters are common or rare.
"""

import functools
import hashlib
import re
from dataclasses import dataclass
from typing import Any

from psycopg2 import errors

PARAMETER = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True, slots=True)
class Prepared:
    """A query's name in a session, and the statements that prepare and execute it."""

    name: str
    prepare: str
    execute: str


@functools.cache
def prepared(query: str) -> Prepared:
    """The statements for `query`, a text of ours with parameters by name."""
    names = list(dict.fromkeys(PARAMETER.findall(query)))
    name = f"opamp_{hashlib.sha256(query.encode()).hexdigest()[:16]}"
    numbered = PARAMETER.sub(lambda parameter: f"${names.index(parameter[1]) + 1}", query).replace("%%", "%")
    arguments = ", ".join(f"%({each})s" for each in names)
    return Prepared(name, f"PREPARE {name} AS {numbered}", f"EXECUTE {name} ({arguments})")


def execute(cursor: Any, known: set[str], query: str, parameters: dict[str, Any]) -> None:
    """Execute `query`, prepared; `known` are the names that this connection has prepared.

    Where the session's statement is not the one that we mean, the query runs as it is, and the next one prepares anew.
    """
    statement = prepared(query)
    try:
        if statement.name not in known:
            cursor.execute(statement.prepare)
            known.add(statement.name)
        cursor.execute(statement.execute, parameters)
    except errors.InvalidSqlStatementName:  # the session has lost it
        known.discard(statement.name)
        cursor.execute(query, parameters)
    except errors.DuplicatePreparedStatement:  # the session has it already: the name is made of the text
        known.add(statement.name)
        cursor.execute(query, parameters)
    except errors.FeatureNotSupported:  # a migration has changed a column of the result
        cursor.execute(f"DEALLOCATE {statement.name}")
        known.discard(statement.name)
        cursor.execute(query, parameters)
