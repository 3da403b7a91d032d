"""The skills, the newest first."""

from typing import Final
from uuid import UUID

from projections.skills import SKILLS, Skill
from queries.filtering import Filters
from queries.paging import Page, PageQuery, decode_cursor, page
from queries.reading import Reader, is_stale

# A skill has no version yet when its two first events fell into two batches.
SQL: Final = """
    SELECT {columns} FROM {table}
    WHERE version > 0 AND archived = %(archived)s AND {where}
    ORDER BY created_position DESC LIMIT %(limit)s
"""
MATCHES: Final = "(name ILIKE %(pattern)s OR description ILIKE %(pattern)s)"
AFTER: Final = "created_position < (SELECT created_position FROM {table} WHERE id = %(after)s)"


class ListSkills(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`q` is a part of the name or of the description, in any case. `archived`: those that are, instead of those in use."""

    q: str | None = None
    archived: bool = False


async def list_skills(reader: Reader, query: ListSkills) -> Page[Skill]:
    filters = Filters()
    filters.add_given(MATCHES, pattern=_containing(query.q) if query.q else None)
    filters.add_given(AFTER, after=decode_cursor(query.cursor, UUID) if query.cursor else None)
    stale = await is_stale(reader, SKILLS, query.min_position)
    values = filters.values(archived=query.archived, limit=query.limit + 1)
    rows = await reader.fetch(SKILLS, filters.into(SQL), values, Skill)
    return page(rows, limit=query.limit, key=lambda skill: skill.id, stale=stale)


def _containing(text: str) -> str:
    escaped = text.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{escaped}%"
