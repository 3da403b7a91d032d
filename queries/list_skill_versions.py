"""The versions of one skill, the newest first."""

from projections.skills import SkillVersion
from queries.get_skill import GetSkill, get_skill
from queries.paging import Page, PageQuery, decode_cursor, page
from queries.reading import Reader


class ListSkillVersions(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which page of a skill's versions, and not to answer before a position."""


async def list_skill_versions(reader: Reader, skill: str, query: ListSkillVersions) -> Page[SkillVersion]:
    """`skill` is an id or a name. Raises SkillNotFound."""
    before = decode_cursor(query.cursor, int) if query.cursor else None
    answer = await get_skill(reader, GetSkill(skill=skill, min_position=query.min_position))
    versions = [one for one in reversed(answer.item.versions) if before is None or one.version < before]
    return page(versions[: query.limit + 1], limit=query.limit, key=lambda one: one.version, stale=answer.stale)
