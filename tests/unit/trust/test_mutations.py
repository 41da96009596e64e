"""A short campaign of mutated signature files; `python -m tests.trust.mutations` runs longer ones."""

from tests.trust.mutations import campaign


def test_mutations() -> None:
    """No mutant of a bundle that must not be trusted is, none takes a second, and nothing but Malformed is raised."""
    found = campaign(400)
    assert found.tried == 500
    assert not found.trusted
    assert not found.slow
