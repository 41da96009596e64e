"""Half a file, unfit databases, a pooler and lost rows, as the table of faults counts them."""

from tests.faults import surroundings
from tests.faults.site import Site


def test_what_is_told(site: Site) -> None:
    """Each is refused, told or found as it must be."""
    told = surroundings.all_told(site)
    assert {each.what: each.wrong for each in told} == {each.what: 0 for each in told}
    assert all(each.tried for each in told)
