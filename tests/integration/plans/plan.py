"""How PostgreSQL carried a query out."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from app.packages.listing import Page, page_query, search_query

OWNER = 1
"""The id of the user who asks for lists."""


@dataclass(frozen=True)
class Plan:
    """An executed plan."""

    root: dict[str, Any]

    def nodes(self) -> Iterator[dict[str, Any]]:
        """The nodes that were executed; a query may hold branches that were not needed."""
        waiting = [self.root]
        while waiting:
            node = waiting.pop()
            if node["Actual Loops"]:
                yield node
                waiting += node.get("Plans", [])

    @property
    def kinds(self) -> set[str]:
        return {node["Node Type"] for node in self.nodes()}

    @property
    def indexes(self) -> set[str]:
        return {node["Index Name"] for node in self.nodes() if "Index Name" in node}

    @property
    def rows_read(self) -> int:
        """Rows of the table that were looked at, fitting or not, by the scan that looked at most."""
        return max(_rows(node) for node in self.nodes() if node.get("Relation Name") == "packages")

    @property
    def rows_sorted(self) -> int:
        sorts = [node for node in self.nodes() if node["Node Type"] == "Sort"]
        return max((child["Actual Rows"] for node in sorts for child in node["Plans"]), default=0)


Explain = Callable[[str, dict[str, Any]], Plan]


def explained(connection: Any) -> Explain:
    """A function that runs a query on `connection` and gives its plan."""

    def explain(query: str, parameters: dict[str, Any]) -> Plan:
        with connection.cursor() as cursor:
            cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {query}", parameters)
            return Plan(cursor.fetchone()[0][0]["Plan"])

    return explain


def plan_of(explain: Explain, page: Page) -> Plan:
    """How the list's page was read."""
    if "q" in page.filters:
        return explain(*search_query(page))
    query, parameters = page_query(page, "user")
    return explain(query, {**parameters, "owner_id": OWNER})


def _rows(node: dict[str, Any]) -> int:
    removed = node.get("Rows Removed by Filter", 0) + node.get("Rows Removed by Index Recheck", 0)
    return int((node["Actual Rows"] + removed) * node["Actual Loops"])
