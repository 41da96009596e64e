"""Every list is read off an index, whatever is asked for and however deep the page is."""

import itertools
from collections.abc import Iterator
from typing import Any

import psycopg2
import pytest

from app.database.prepared import prepared
from app.packages.list_query import LOOK_AHEAD, latest_text
from app.packages.listing import SORT_NAMES, SORTS, Page, page_query
from tests.databases import connected
from tests.integration.plans.conftest import ROWS
from tests.integration.plans.plan import OWNER, Explain, Plan, explained, plan_of

LIMIT = 101
FILTERS: dict[str, list[Any]] = {
    "name": [None, "package-00042", "absent"],
    "version": [None, "2.3.0", "9.9.9"],
    "platform": [None, "windows", "linux", "plan9"],
    "arch": [None, "arm64", "s390x", "386", "riscv64"],
    "is_active": [None, True, False],
}
"""Each filter left out, common and absent. No package is for windows on s390x, or for linux on 386."""


def combinations() -> Iterator[dict[str, Any]]:
    """Every combination of those."""
    for values in itertools.product(*FILTERS.values()):
        yield {name: value for name, value in zip(FILTERS, values, strict=True) if value is not None}


def is_straight(plan: Plan) -> bool:
    """Whether a page took few rows off an index. A name's packages are so few that they may be sorted."""
    return "Seq Scan" not in plan.kinds and plan.rows_read <= 2_500 and plan.rows_sorted <= LOOK_AHEAD


@pytest.mark.parametrize("sort", SORT_NAMES)
def test_every_combination_of_filters(explain: Explain, sort: str) -> None:
    """No combination of filters, frequent, rare or absent, reads many rows in any sort."""
    crooked = [
        (filters, plan.kinds, plan.rows_read)
        for filters in combinations()
        if not is_straight(plan := plan_of(explain, Page(filters, sort, LIMIT)))
    ]
    assert crooked == []


TRUSTS = [{"trust": "none"}, {"trust": "pending"}, {"blocked": True}, {"blocked": False}]
BESIDE = [{}, {"name": "package-00042"}, {"platform": "windows"}, {"platform": "windows", "arch": "s390x"}]


@pytest.mark.parametrize("sort", SORT_NAMES)
def test_trust(explain: Explain, sort: str) -> None:
    """Nor do the filters by what signatures come to."""
    asked = [{**one, **other} for one, other in itertools.product(TRUSTS, BESIDE)]
    plans = [(filters, plan_of(explain, Page(filters, sort, LIMIT))) for filters in asked]
    assert [(filters, plan.rows_read) for filters, plan in plans if not is_straight(plan)] == []


@pytest.mark.parametrize("sort", SORT_NAMES)
@pytest.mark.parametrize("filters", [{}, {"platform": "windows"}, {"platform": "linux", "arch": "amd64"}])
def test_depth_costs_nothing(explain: Explain, large_database: str, sort: str, filters: dict[str, Any]) -> None:
    """A page in the middle or at the end of the list reads no more rows than the first."""
    column = SORTS[sort.lstrip("-")].key
    where = " AND ".join(f"{name} = '{value}'" for name, value in filters.items()) or "true"
    with connected(large_database) as connection, connection.cursor() as cursor:
        rank = f"SELECT {column}, id FROM packages WHERE {where} ORDER BY {column}, id OFFSET %s LIMIT 1"
        cursor.execute(f"SELECT count(*) FROM packages WHERE {where}")
        (count,) = cursor.fetchone()  # type: ignore[misc]
        for place in (count // 2, count - 200 if not sort.startswith("-") else 200):
            cursor.execute(rank, [place])
            plan = plan_of(explain, Page(filters, sort, LIMIT, cursor.fetchone()))
            assert plan.rows_read <= 12 * LIMIT
            assert "Seq Scan" not in plan.kinds
    connection.close()


@pytest.mark.parametrize("sort", SORT_NAMES)
def test_pages_that_are_planned_once(service_session: psycopg2.extensions.connection, sort: str) -> None:
    """Without a filter one plan, made before limit and cursor are known, reads what the page has."""
    column = SORTS[sort.lstrip("-")].key
    with service_session.cursor() as cursor:
        cursor.execute(f"SELECT {column}, id FROM packages ORDER BY {column}, id OFFSET %s LIMIT 1", [ROWS // 2])
        middle = cursor.fetchone()
        for after in (None, middle):
            query, parameters = page_query(Page({}, sort, LIMIT, after), "user")
            statement = prepared(query)
            cursor.execute(statement.prepare)
            plan = explained(service_session)(statement.execute, {**parameters, "owner_id": OWNER})
            assert plan.rows_read == LIMIT
            assert plan.kinds.isdisjoint({"Seq Scan", "Sort"})
            cursor.execute("SELECT generic_plans FROM pg_prepared_statements WHERE name = %s", [statement.name])
            assert cursor.fetchone() == (1,)


@pytest.mark.parametrize("sort", SORT_NAMES)
@pytest.mark.parametrize("q", ["zebra", "zeb", "ZEBRA SUPPORT", "xyz", "absent-term", "build 12345"])
def test_rare_words(explain: Explain, sort: str, q: str) -> None:
    """A word that few packages have, or none, is found by the trigrams after a short look ahead."""
    for filters in ({}, {"platform": "windows"}):
        plan = plan_of(explain, Page({"q": q, **filters}, sort, LIMIT))
        assert "Seq Scan" not in plan.kinds
        assert plan.rows_read <= LOOK_AHEAD


@pytest.mark.parametrize("sort", SORT_NAMES)
@pytest.mark.parametrize("q", ["fleet", "collector", "package-", "12"])
def test_common_words(explain: Explain, sort: str, q: str) -> None:
    """A word that many packages have fills its page while the list is read in order."""
    plan = plan_of(explain, Page({"q": q}, sort, LIMIT))
    assert "Seq Scan" not in plan.kinds
    assert plan.rows_read <= ROWS // 5


@pytest.mark.parametrize("prerelease", [False, True])
@pytest.mark.parametrize("arch", ["amd64", "any", "riscv64"])
def test_latest_is_one_probe(explain: Explain, arch: str, prerelease: bool) -> None:
    """`latest` takes one entry of its index for the arch and one for `any`."""
    asked = {"name": "package-00042", "platform": "linux", "arch": arch, "any_arch": "any"}
    plan = explain(latest_text(prerelease=prerelease), asked)
    assert plan.rows_read <= 1
    assert plan.indexes <= {"ix_packages_latest", "ix_packages_latest_prerelease", "pk_packages"}
