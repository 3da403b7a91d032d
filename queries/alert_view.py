"""An alert as it is shown: what the read model knows, and the page that says what to do about it."""

from collections.abc import Sequence
from typing import Final

from msgspec import structs

from domain.alert.rules import RuleName
from projections.alerts import ALERTS, AlertFacts, AlertRow
from queries.filtering import Filters
from queries.reading import Reader

SQL: Final = "SELECT {columns} FROM {table} WHERE {where} ORDER BY raised_position DESC LIMIT %(limit)s"


class Alert(AlertFacts, frozen=True, kw_only=True, rename="camel"):
    """`runbook` is the page that says what it means, what to look at and what to do."""

    runbook: str


class PlacedAlert(Alert, frozen=True, kw_only=True, rename="camel"):
    raised_position: int


async def fetch(reader: Reader, filters: Filters, *, limit: int) -> Sequence[PlacedAlert]:
    """The newest first."""
    rows = await reader.fetch(ALERTS, filters.into(SQL), filters.values(limit=limit), AlertRow)
    return [PlacedAlert(**structs.asdict(row), runbook=runbook_of(row.rule)) for row in rows]


def runbook_of(rule: RuleName) -> str:
    """Where it stands in the repository."""
    return f"docs/runbooks/{rule.value}.md"
