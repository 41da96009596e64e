"""The SQL of a page of packages, compiled once for each shape of page.

A page is read straight off the index that has its filters in front and its sort behind. Only `q` needs a plan of its
own: how many rows match cannot be known beforehand, so the query looks at the next rows first and then decides.
"""

import functools
from dataclasses import dataclass
from typing import Any

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    FromClause,
    Integer,
    ScalarSelect,
    Select,
    String,
    Subquery,
    and_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
    tuple_,
    union_all,
)

from app.accounts.caller import Kind
from app.accounts.caller_queries import owner_as_text
from app.database import compiled
from app.packages.models import Package
from app.packages.store import COLUMNS

SORTS = {"created_at": Package.created_at, "name": Package.name, "version": Package.version_key}

LOOK_AHEAD = 1000
"""Rows in which `q` is looked for before anything is known of how often it occurs."""

FREQUENT = 5
"""Matches among LOOK_AHEAD rows from which on it is cheaper to go on reading in order than to sort all matches."""

ORDINARY = 101
"""Rows that are fetched whatever they have: descriptions of 10,000 characters make 4 MiB of so many."""

TRIGRAM = 3
"""Characters from which on the trigram index can look for `q`."""

_PACKAGES = Package.__table__.c

UNLISTED = frozenset({"version_key", "is_prerelease", "content_type", "fingerprint", "damaged_at", "verified_at"})
"""What no list shows: a page of 100 rows is a third shorter without, on its way from PostgreSQL."""

LISTED = tuple(column.name for column in COLUMNS if column.name not in UNLISTED)

TIMES = frozenset({"created_at", "updated_at"})
RFC3339 = 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"'
"""As app.http.fields.rfc3339 writes it: made into Python's times and back, they cost a list of 100 a tenth more."""


@dataclass(frozen=True, slots=True)
class Shape:
    """What the text of a page's query depends on. `is_long`: more rows than ORDINARY are asked for."""

    filters: frozenset[str]
    sort: str
    continued: bool
    is_long: bool


@functools.lru_cache(maxsize=1024)
def page_text(shape: Shape, kind: Kind) -> str:
    """The query for a page of this shape, and beside each row the owner of a token of this kind.

    Its parameters are the filters, `after` and `after_id` if `continued`, `limit`, `room` if `is_long`, and `owner_id`.
    """
    page = _page(_rows(shape).order_by(*_order(shape.sort, _PACKAGES)).limit(bindparam("limit")), shape)
    return compiled(select(*_shown(page.c), owner_as_text(kind)).order_by(*_order(shape.sort, page.c)))


@functools.lru_cache(maxsize=1024)
def search_text(shape: Shape, is_indexed: bool) -> str:
    """The query for a page of this shape whose rows have `q` in them.

    `is_indexed`: `q` has TRIGRAM characters or more. Its parameters are those of `page_text` without `owner_id`, and
    `pattern`.
    """
    rows, order = _rows(shape), _order(shape.sort, _PACKAGES)
    found = _search(rows, shape.sort) if is_indexed else rows.where(_matches_unindexed(_PACKAGES))
    page = _page(found.order_by(*order).limit(bindparam("limit", type_=Integer)), shape)
    return compiled(select(*_shown(page.c)).order_by(*_order(shape.sort, page.c)))


def _page(found: Select[Any], shape: Shape) -> Subquery:
    """The rows found; of a long page no more than fill it, whatever they have, and one."""
    page = found.subquery("found")
    if not shape.is_long:
        return page
    # JSON is never shorter than its descriptions. To ask for their length does not read them.
    size = func.octet_length(page.c.description)
    before = func.sum(size).over(order_by=_order(shape.sort, page.c)) - size
    summed = select(*page.c, before.label("before")).subquery("summed")
    kept = (summed.c[column.name] for column in page.c)
    return select(*kept).where(summed.c.before < bindparam("room")).subquery("cut")


def _rows(shape: Shape) -> Select[Any]:
    sort = shape.sort
    conditions = [_PACKAGES[name] == bindparam(name) for name in sorted(shape.filters)]
    if shape.continued:
        here = tuple_(SORTS[sort.lstrip("-")], Package.id)
        there = tuple_(bindparam("after"), bindparam("after_id"))
        conditions.append(here < there if sort.startswith("-") else here > there)
    return _columns(sort).where(*conditions)


def _columns(sort: str) -> Select[Any]:
    names = dict.fromkeys((*LISTED, SORTS[sort.lstrip("-")].key))
    return select(*(_PACKAGES[name] for name in names))


def _search(rows: Select[Any], sort: str) -> Select[Any]:
    """The rows that match, found in one of three ways; the two others are not executed."""
    order, limit = _order(sort, _PACKAGES), bindparam("limit", type_=Integer)
    near = rows.order_by(*order).limit(_number(LOOK_AHEAD)).cte("near")
    hits = _ids(near).where(_matches_unindexed(near.c)).order_by(*_order(sort, near.c)).limit(limit).cte("hits")
    found, seen = _count(hits), _count(near)
    is_done = or_(found >= limit, seen < _number(LOOK_AHEAD))
    ids = rows.with_only_columns(Package.id)
    done = select(hits.c.id).where(is_done)
    go_on = ids.where(_matches_unindexed(_PACKAGES), ~is_done, found >= _number(FREQUENT)).order_by(*order)
    # OFFSET 0 keeps the planner from looking for the few in the order of the sort, among all the others.
    few = rows.where(_matches(_PACKAGES), ~is_done, found < _number(FREQUENT)).offset(_number(0)).subquery()
    sort_few = _ids(few).order_by(*_order(sort, few.c))
    ways = union_all(done, *(_ids(way.limit(limit).subquery()) for way in (go_on, sort_few)))
    return _columns(sort).where(Package.id.in_(ways))


def _shown(columns: Any) -> tuple[ColumnElement[Any], ...]:
    """What is shown, and the key of versions where it is there to sort by; times as the text that they are shown as."""
    names = (name for name in (*LISTED, "version_key") if name in columns)
    return tuple(_rfc3339(columns[name]) if name in TIMES else columns[name] for name in names)


def _rfc3339(moment: ColumnElement[Any]) -> ColumnElement[str]:
    in_utc = func.timezone(literal_column("'UTC'"), moment)
    return func.to_char(in_utc, literal_column(f"'{RFC3339}'")).label(moment.key)


def _ids(of: FromClause) -> Select[Any]:
    return select(of.c.id)


def _count(of: FromClause) -> ScalarSelect[int]:
    return select(func.count()).select_from(of).scalar_subquery()


def _number(value: int) -> ColumnClause[int]:
    """A number that stands in the text: a parameter's value would be lost with the compilation."""
    return literal_column(str(value), Integer)


def _order(sort: str, columns: Any) -> tuple[ColumnElement[Any], ColumnElement[Any]]:
    column = columns[SORTS[sort.lstrip("-")].key]
    return (column.desc(), columns.id.desc()) if sort.startswith("-") else (column, columns.id)


def _matches(columns: Any) -> ColumnElement[bool]:
    """`q` is in name or description; the trigram indexes know."""
    pattern = bindparam("pattern", type_=String)
    return or_(columns.name.ilike(pattern), columns.description.ilike(pattern))


def _matches_unindexed(columns: Any) -> ColumnElement[bool]:
    """The same, in words that no index answers: the rows are at hand, or come in the order of the sort."""
    pattern, nothing = bindparam("pattern", type_=String), literal_column("''", String)
    return or_((columns.name + nothing).ilike(pattern), (columns.description + nothing).ilike(pattern))


def latest_text(*, prerelease: bool) -> str:
    """The query for the newest active package of `name`, `platform`, and `arch` or else `any_arch`.

    At most one probe of the `latest` index for each architecture.
    """
    return _LATEST[prerelease]


def _latest(*, prerelease: bool) -> str:
    probes = [_newest_of(arch, rank, prerelease=prerelease) for rank, arch in enumerate(("arch", "any_arch"))]
    both = union_all(*(select(*probe.c) for probe in probes)).subquery()
    first = select(both.c.id).order_by(both.c.rank).limit(_number(1)).scalar_subquery()
    return compiled(select(*COLUMNS).where(Package.id == first))


def _newest_of(arch: str, rank: int, *, prerelease: bool) -> Any:
    is_wanted = and_(
        Package.name == bindparam("name"),
        Package.platform == bindparam("platform"),
        Package.arch == bindparam(arch),
        Package.is_active,
        ~Package.blocked,
    )
    ids = select(Package.id, _number(rank).label("rank")).where(is_wanted)
    if not prerelease:
        ids = ids.where(~Package.is_prerelease)
    return ids.order_by(Package.version_key.desc(), Package.id.desc()).limit(_number(1)).subquery()


_LATEST = {prerelease: _latest(prerelease=prerelease) for prerelease in (False, True)}
