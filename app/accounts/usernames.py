"""Syntax of user names."""

import re

from app.accounts.models import NAME_LENGTH

USERNAME = re.compile(rf"[A-Za-z0-9._@-]{{1,{NAME_LENGTH}}}", re.ASCII)


def is_username(text: str) -> bool:
    """Whether a user could have this name."""
    return USERNAME.fullmatch(text) is not None
