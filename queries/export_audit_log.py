"""All of the audit log that is asked for, the oldest entry first, as it is at one moment and in bounded pieces."""

from collections.abc import AsyncGenerator, Sequence
from typing import Any, Final, Literal

from msgspec import Struct, structs

from domain.errors import Code
from projections.audit_log import AUDIT_LOG, AuditEntry, Result
from queries.filtering import Filters, Moment, Search, Text
from queries.list_audit_log import Action, ListAuditLog, filters_of, matches_of, models_of
from queries.reading import Reader, any_is_stale

# Each statement looks at no more positions than this, so that none takes long, whatever is asked for and however rare it is.
WINDOW_POSITIONS: Final = 20_000
# And gives no more rows.
PIECE_ENTRIES_MAX: Final = 1_000
SQL: Final = """
    SELECT {columns} FROM {table}
    WHERE {where} AND position > %(after)s AND position <= %(upto)s ORDER BY position LIMIT %(limit)s
"""
COUNT: Final = """
    SELECT count(*) AS entries FROM {table} WHERE {where} AND position > %(after)s AND position <= %(upto)s LIMIT %(limit)s
"""


class ExportAuditLog(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """As the list is asked, without its pages, and in which format."""

    format: Literal["jsonl", "csv"] = "jsonl"
    actor: tuple[Text, ...] = ()
    action: tuple[Action, ...] = ()
    target: tuple[Text, ...] = ()
    result: tuple[Result, ...] = ()
    code: tuple[Code, ...] = ()
    q: Search | None = None
    since: Moment | None = None
    until: Moment | None = None

    @property
    def given(self) -> dict[str, Any]:
        """Its filters, as far as there are any."""
        fields = (field for field in structs.fields(self) if field.name != "format")
        return {field.name: value for field in fields if (value := getattr(self, field.name)) != field.default}


class Counted(Struct, frozen=True):
    entries: int


class AuditExport(Struct, frozen=True, kw_only=True):
    """So many `entries` up to a position, behind which nothing is looked at. `behind`: so many newer events are not among them
    yet, because the read side had not come as far.
    """

    filters: Filters
    up_to_position: int
    entries: int
    behind: int


async def begin_export(reader: Reader, query: ExportAuditLog) -> AuditExport:
    """Entries are never changed and only added behind the others, so that nothing has to be held still. Raises BadRequest."""
    asked = ListAuditLog(**query.given)
    filters = filters_of(asked)
    await any_is_stale(reader, models_of(asked), None)
    if query.q is not None:
        (await matches_of(reader, query.q, filters)).narrow()
    standing = await reader.standing()
    position = next(model.position for model in standing.read_models if model.name == AUDIT_LOG.name)
    return AuditExport(
        filters=filters,
        up_to_position=position,
        entries=await _count(reader, filters, upto=position),
        behind=standing.head - position,
    )


async def pieces_of(reader: Reader, export: AuditExport) -> AsyncGenerator[Sequence[AuditEntry]]:
    """No piece is empty. Raises StoreOffline."""
    filters, after = export.filters, 0
    while after < export.up_to_position:
        upto = min(after + WINDOW_POSITIONS, export.up_to_position)
        values = filters.values(after=after, upto=upto, limit=PIECE_ENTRIES_MAX)
        entries = await reader.fetch(AUDIT_LOG, filters.into(SQL), values, AuditEntry)
        after = entries[-1].position if len(entries) == PIECE_ENTRIES_MAX else upto
        if entries:
            yield entries


async def _count(reader: Reader, filters: Filters, *, upto: int) -> int:
    count = 0
    for after in range(0, upto, WINDOW_POSITIONS):
        values = filters.values(after=after, upto=min(after + WINDOW_POSITIONS, upto), limit=1)
        (counted,) = await reader.fetch(AUDIT_LOG, filters.into(COUNT), values, Counted) or (Counted(0),)
        count += counted.entries
    return count
