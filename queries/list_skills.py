"""The skills, the newest first."""

from typing import Final

from projections.skills import SKILLS, Skill
from queries.filtering import Filters, Search, containing
from queries.paging import Page, PageQuery, decode_cursor, page_of
from queries.reading import Reader, is_stale

# A skill has no version yet when its two first events fell into two batches.
SQL: Final = """
    SELECT {columns} FROM {table}
    WHERE version > 0 AND archived = %(archived)s AND {where}
    ORDER BY created_position DESC LIMIT %(limit)s
"""
HAS: Final = "(name ILIKE %(pattern)s OR description ILIKE %(pattern)s)"


class ListSkills(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`q` is a part of the name or of the description, in any case. `archived`: those that are, instead of those in use."""

    q: Search | None = None
    archived: bool = False


class PlacedSkill(Skill, frozen=True, kw_only=True, rename="camel"):
    created_position: int


async def list_skills(reader: Reader, query: ListSkills) -> Page[Skill]:
    """Raises BadRequest."""
    filters = Filters()
    filters.add_given(HAS, pattern=containing(query.q) if query.q else None)
    filters.add_given(
        "created_position < %(before)s", before=decode_cursor(query.cursor, int) if query.cursor else None
    )
    stale = await is_stale(reader, SKILLS, query.min_position)
    values = filters.values(archived=query.archived, limit=query.limit + 1)
    rows = await reader.fetch(SKILLS, filters.into(SQL), values, PlacedSkill)
    return page_of(Skill, rows, limit=query.limit, key=lambda skill: skill.created_position, stale=stale)
