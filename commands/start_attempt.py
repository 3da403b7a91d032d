"""Take the right to call a provider for one target of a run."""

from datetime import timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from commands.handling import Handling, Session
from domain.errors import ProviderNotFound, RunNotFound, SkillNotFound
from domain.events import Context
from domain.install_run.decisions import start
from domain.install_run.events import RunKind
from domain.install_run.state import INSTALL_RUN
from domain.installation.events import Receipt
from domain.installation.state import INSTALLATION, Live, installation_stream
from domain.ports import Intent
from domain.provider.state import PROVIDER, Provider
from domain.skill.decisions import resolve
from domain.skill.events import ManifestEntry
from domain.skill.state import SKILL

# What an attempt may take beyond its deadline: fetching the bundle before, storing the outcome after.
LEASE_MARGIN_SECONDS: Final = 30


class StartAttempt(Struct, frozen=True, kw_only=True):
    run_id: UUID
    provider_id: UUID


class Attempt(Struct, frozen=True, kw_only=True):
    """Everything that calling the provider needs. `live` is what is installed there before, and `former` the receipt under
    which this version was there before that. `doubtful`: an earlier attempt may have been carried out without anybody knowing.
    `caused_by` is the event that gave the right.
    """

    run_id: UUID
    provider_id: UUID
    attempt_id: UUID
    kind: RunKind
    provider: Provider
    manifest: tuple[ManifestEntry, ...]
    intent: Intent
    live: Live | None
    former: Receipt | None
    doubtful: bool
    deadline_seconds: float
    caused_by: UUID | None = None


class StartAttemptHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: StartAttempt, context: Context) -> Attempt | None:
        """None: there is nothing to do for this ticket, because another one was faster or the target has ended.

        Raises RunNotFound, StoreOffline.
        """
        attempt_id = self._handling.new_id()

        async def decide(session: Session) -> Attempt | None:
            run = await session.load(command.run_id, INSTALL_RUN)
            if run is None:
                raise RunNotFound
            installation_id = installation_stream(run.skill.id, command.provider_id)
            installation = await session.load(installation_id, INSTALLATION)
            if installation is None or installation.holder is None or installation.holder.run_id != command.run_id:
                return None
            now = self._handling.clock()
            seconds = run.policy.attempt_timeout_seconds
            lease_until = now + timedelta(seconds=seconds + LEASE_MARGIN_SECONDS)
            since = installation.doubtful_since or now
            events = start(
                run, provider_id=command.provider_id, attempt_id=attempt_id, since=since, lease_until=lease_until
            )
            if not events:
                return None
            session.append(command.run_id, *events)
            provider = await session.load(command.provider_id, PROVIDER)
            skill = await session.load(run.skill.id, SKILL)
            if provider is None:
                raise ProviderNotFound
            if skill is None:
                raise SkillNotFound
            live = installation.live
            return Attempt(
                run_id=command.run_id,
                provider_id=command.provider_id,
                attempt_id=attempt_id,
                kind=run.kind,
                provider=provider,
                manifest=resolve(skill, str(run.skill.version)).manifest,
                intent=Intent(
                    installation_id=installation_id,
                    run_id=command.run_id,
                    attempt_id=attempt_id,
                    skill_name=run.skill.name,
                    version=run.skill.version,
                    digest=run.skill.digest,
                    since=since,
                    previous=None if live is None else live.receipt,
                ),
                live=live,
                former=installation.former.get(run.skill.digest),
                doubtful=installation.doubtful_since is not None,
                deadline_seconds=seconds,
            )

        attempt, handled = await self._handling.handle(decide, context=context)
        return attempt and replace(attempt, caused_by=handled.event_id)
