"""Take a skill out of use, or back into it."""

from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session, require
from domain.errors import SkillNotFound
from domain.events import Context
from domain.skill.decisions import archive, unarchive
from domain.skill.state import SKILL, skill_stream


class ArchiveSkill(Struct, frozen=True, kw_only=True):
    """`skill` is an id or a name; `archived` is what it shall be."""

    skill: str
    archived: bool = True


class SkillArchiving(Struct, frozen=True, kw_only=True):
    """`position` is None when it was so already."""

    skill_id: UUID
    position: int | None


class ArchiveSkillHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: ArchiveSkill, context: Context) -> SkillArchiving:
        """Raises SkillNotFound, StoreOffline."""

        async def decide(session: Session) -> UUID:
            missing = SkillNotFound(f"No skill has the id or name {command.skill}.")
            stream, state = await require(session, command.skill, named=skill_stream, fold=SKILL, missing=missing)
            session.append(stream, *(archive(state) if command.archived else unarchive(state)))
            return stream

        skill_id, handled = await self._handling.handle(decide, context=context)
        return SkillArchiving(skill_id=skill_id, position=handled.position)
