"""Search of agents by a prefix: of the instance uid, of the host's name, of the service's instance id."""

import re
import string
from uuid import UUID

from sqlalchemy import ColumnElement, String, literal_column, or_

from app.agents.models import PREFIX_ATTRIBUTES, Agent, prefix_column

DIGITS = 32
SMALL = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
LAST = "\U0010ffff"
"""The character that sorts after all others by code point."""

DASHES = re.compile(r"[0-9a-f-]{1,36}", re.ASCII)


def begins_with(prefix: str) -> ColumnElement[bool]:
    """Whether an agent's uid or one of PREFIX_ATTRIBUTES begins so, in any case."""
    wanted = prefix.translate(SMALL)
    named = [_begins(attribute, wanted) for attribute in PREFIX_ATTRIBUTES]
    uids = uid_range(wanted)
    return or_(*named, Agent.instance_uid.between(*uids)) if uids else or_(*named)


def _begins(attribute: str, wanted: str) -> ColumnElement[bool]:
    return literal_column(prefix_column(attribute), String).between(wanted, wanted + LAST)


def uid_range(prefix: str) -> tuple[UUID, UUID] | None:
    """The lowest and the highest uid that begin so, with dashes or without; None if none can."""
    digits = prefix.replace("-", "")
    if not DASHES.fullmatch(prefix) or not 1 <= len(digits) <= DIGITS:
        return None
    low, high = UUID(digits.ljust(DIGITS, "0")), UUID(digits.ljust(DIGITS, "f"))
    return (low, high) if prefix in (digits, str(low)[: len(prefix)]) else None
