"""Register a skill, or the next version of one."""

from collections.abc import Awaitable, Callable
from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from domain.events import Context
from domain.ports import BundleStore
from domain.skill.bundle import Bundle
from domain.skill.decisions import register
from domain.skill.events import Origin
from domain.skill.sources import SkillSource
from domain.skill.state import SKILL, skill_stream


class RegisterSkill(Struct, frozen=True, kw_only=True):
    source: SkillSource


class SkillRegistration(Struct, frozen=True, kw_only=True):
    """`created` is False when these bytes were a version already; `position` is None then."""

    skill_id: UUID
    version: int
    created: bool
    position: int | None


class RegisterSkillHandler:
    def __init__(
        self,
        *,
        handling: Handling,
        bundles: BundleStore,
        read_source: Callable[[SkillSource], Awaitable[tuple[Bundle, Origin]]],
    ) -> None:
        self._handling = handling
        self._bundles = bundles
        self._read_source = read_source

    async def __call__(self, command: RegisterSkill, context: Context) -> SkillRegistration:
        """Raises SkillInvalid, SkillTooLarge, SkillUnavailable, GitOffline, StoreOffline."""
        bundle, origin = await self._read_source(command.source)
        stream = skill_stream(bundle.name)
        await self._bundles.put(bundle)

        async def decide(session: Session) -> int:
            state = await session.load(stream, SKILL)
            events = register(state, bundle, origin=origin)
            session.append(stream, *events)
            if events:
                return 1 if state is None else len(state.versions) + 1
            assert state is not None  # noqa: S101 - quiet only for bytes that are a version already
            return next(version.number for version in state.versions if version.digest == bundle.digest)

        version, handled = await self._handling.handle(decide, context=context)
        return SkillRegistration(
            skill_id=stream, version=version, created=handled.position is not None, position=handled.position
        )
