"""One skill, with all its versions and their files."""

from typing import Final

from msgspec import Struct

from domain.errors import SkillNotFound
from domain.skill.state import skill_stream
from projections.skills import SKILLS, SkillWithVersions
from queries.naming import ids_meant
from queries.reading import Answer, Reader, is_stale, only

SQL: Final = "SELECT {columns} FROM {table} WHERE id = ANY(%(ids)s) AND version > 0"


class GetSkill(Struct, frozen=True, kw_only=True):
    """`skill` is an id or a name."""

    skill: str
    min_position: int | None = None


async def get_skill(reader: Reader, query: GetSkill) -> Answer[SkillWithVersions]:
    """Raises SkillNotFound."""
    stale = await is_stale(reader, SKILLS, query.min_position)
    ids = ids_meant(query.skill, skill_stream)
    rows = await reader.fetch(SKILLS, SQL, {"ids": list(ids)}, SkillWithVersions)
    return only(rows, stale=stale, missing=SkillNotFound(f"No skill has the id or name {query.skill}."))
