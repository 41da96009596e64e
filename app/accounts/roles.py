"""Roles: agent, publisher, admin. Each may do all that the ones below it may."""

from enum import IntEnum


class Role(IntEnum):
    """Ordered: AGENT reads and downloads, PUBLISHER also uploads and edits, ADMIN does everything."""

    AGENT = 1
    PUBLISHER = 2
    ADMIN = 3

    @property
    def label(self) -> str:
        """The role's name in JSON, in commands and in the database."""
        return self.name.lower()

    @classmethod
    def labelled(cls, label: str) -> "Role":
        """The role of this label; KeyError if there is none."""
        return _BY_LABEL[label]


_BY_LABEL = {role.label: role for role in Role}

LABELS = tuple(_BY_LABEL)
"""All labels, the lowest role first."""
