"""Let a label of a skill point to a version."""

from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session, require
from domain.errors import SkillNotFound
from domain.events import Context
from domain.skill.decisions import move_label
from domain.skill.state import SKILL, skill_stream


class LabelSkill(Struct, frozen=True, kw_only=True):
    """`skill` is an id or a name; `ref` is whatever picks a version, another label too."""

    skill: str
    label: str
    ref: str


class SkillLabelling(Struct, frozen=True, kw_only=True):
    """`position` is None when the label pointed there already."""

    skill_id: UUID
    position: int | None


class LabelSkillHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: LabelSkill, context: Context) -> SkillLabelling:
        """Raises SkillNotFound, VersionNotFound, BadRequest, StoreOffline."""

        async def decide(session: Session) -> UUID:
            missing = SkillNotFound(f"No skill has the id or name {command.skill}.")
            stream, state = await require(session, command.skill, named=skill_stream, fold=SKILL, missing=missing)
            session.append(stream, *move_label(state, label=command.label, ref=command.ref))
            return stream

        skill_id, handled = await self._handling.handle(decide, context=context)
        return SkillLabelling(skill_id=skill_id, position=handled.position)
