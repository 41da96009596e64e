"""What PostgreSQL's error codes say: the database can't serve now, or the statement is wrong."""

from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError

UNUSABLE = (
    "57",  # operator intervention: shutdown, crash, cannot connect now
    "53",  # insufficient resources: too many connections, disk full, out of memory
    "55P03",  # lock not available within lock_timeout
    "25P03",  # idle in transaction for too long
    "40",  # transaction rollback: serialization failure, deadlock
    "58",  # system error: I/O
    "42501",  # a right is missing
    "42P01",  # a table is missing: the schema is not there yet
    "25006",  # read-only: a standby
    "XX",  # internal error, data corrupted
)
"""SQLSTATEs, or their beginnings, which say that the database can't serve, not that the statement is wrong."""


def unusable(error: DBAPIError) -> bool:
    """Whether `error` tells of the database's state rather than of a wrong statement."""
    sqlstate = getattr(error.orig, "pgcode", None)
    if sqlstate is None:
        return isinstance(error, OperationalError | InterfaceError) or error.connection_invalidated
    return str(sqlstate).startswith(UNUSABLE)
