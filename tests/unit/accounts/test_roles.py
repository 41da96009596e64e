"""The order of roles."""

import pytest

from app.accounts.roles import LABELS, Role


def test_roles_are_ordered():
    """Each role is more than the one before."""
    assert Role.AGENT < Role.PUBLISHER < Role.ADMIN


def test_labels_and_roles_are_one_to_one():
    """A role is found again by its label."""
    assert LABELS == ("agent", "publisher", "admin")
    assert [Role.labelled(label) for label in LABELS] == list(Role)


@pytest.mark.parametrize("label", ["", "ADMIN", "root", "agent "])
def test_other_labels_are_no_roles(label):
    """Labels are exact."""
    with pytest.raises(KeyError):
        Role.labelled(label)
