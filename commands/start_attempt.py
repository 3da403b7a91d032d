"""Take the right to call a provider for one target of a run."""

from datetime import datetime, timedelta
from functools import reduce
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from commands.concluding import target_timer
from commands.handling import Handling, Session
from domain.errors import ProviderInactive, ProviderNotFound, ProviderOnHold, RunNotFound, SkillNotFound
from domain.events import Context
from domain.install_run.decisions import start
from domain.install_run.events import TicketTaken
from domain.install_run.state import INSTALL_RUN, Aim, InstallRun, TargetState, TargetStatus, evolve
from domain.installation.decisions import doubt, earliest
from domain.installation.events import InstallationEvent, Receipt
from domain.installation.state import INSTALLATION, Installation, Live, installation_stream
from domain.installation.state import evolve as evolve_installation
from domain.ports import Intent
from domain.provider.state import PROVIDER, Provider
from domain.skill.decisions import resolve
from domain.skill.events import ManifestEntry
from domain.skill.state import SKILL
from domain.store.state import STORE, STORE_STREAM, Store

# What an attempt may take beyond its deadline: fetching the bundle before, storing the outcome after.
LEASE_MARGIN_SECONDS: Final = 30
# Whoever issued a ticket that comes no earlier than this has a clock that is a little fast, and will not issue another one.
EARLY_SECONDS_MAX: Final = 2.0


class StartAttempt(Struct, frozen=True, kw_only=True):
    """`ticket` is the one that it is done for, where it came by one."""

    run_id: UUID
    provider_id: UUID
    ticket: TicketTaken | None = None


class NotYetDue(Exception):  # noqa: N818 - it reads as a fact
    """The attempt may begin in so many `seconds`; keep its ticket."""

    def __init__(self, seconds: float) -> None:
        super().__init__(f"due in {seconds:g} seconds")
        self.seconds = seconds


class Attempt(Struct, frozen=True, kw_only=True):
    """Everything that calling the provider needs. `removes`: what is there is to go; else `intent` says what is to come.

    `live` is what is installed there before, `former` the receipt under which this version was there before that, and `known`
    are the receipts of all that ever was. `doubts` are what earlier attempts may have put there without anybody knowing.
    `caused_by` is the event that gave the right.
    """

    run_id: UUID
    provider_id: UUID
    attempt_id: UUID
    removes: bool
    provider: Provider
    manifest: tuple[ManifestEntry, ...]
    intent: Intent
    live: Live | None
    former: Receipt | None
    known: tuple[Receipt, ...]
    doubts: tuple[Intent, ...]
    deadline_seconds: float
    caused_by: UUID | None = None


class StartAttemptHandler:
    def __init__(self, *, handling: Handling, lease_margin_seconds: int = LEASE_MARGIN_SECONDS) -> None:
        self._handling = handling
        self._lease_margin_seconds = lease_margin_seconds

    async def __call__(self, command: StartAttempt, context: Context) -> Attempt | None:
        """None: there is nothing to do for this ticket, because another one was faster or the target has ended.

        Raises NotYetDue, RunNotFound, ProviderInactive and ProviderOnHold (it waits until the connection is in use again),
        StoreOffline.
        """
        attempt_id = self._handling.new_id()

        async def decide(session: Session) -> Attempt | None:
            run = await session.load(command.run_id, INSTALL_RUN)
            if run is None:
                raise RunNotFound
            installation = await session.load(installation_stream(run.skill.id, command.provider_id), INSTALLATION)
            if installation is None or installation.holder is None or installation.holder.run_id != command.run_id:
                return None
            target = run.target(command.provider_id)
            if target is None:
                return None
            now = session.now
            _check_due(target, now)
            doubted = await _doubt(session, command, installation, version=run.aim(target).version)
            installation = reduce(evolve_installation, doubted, installation)
            seconds = _seconds(run, target, now)
            since = earliest(installation.doubtful_since, target.doubtful_since) or now
            events = start(
                run,
                provider_id=command.provider_id,
                attempt_id=attempt_id,
                now=now,
                since=since,
                lease_until=now + timedelta(seconds=seconds + self._lease_margin_seconds),
                ticket=command.ticket,
            )
            if not events:
                return None
            session.append(installation_stream(run.skill.id, command.provider_id), *doubted)
            session.append(command.run_id, *events)
            started = reduce(evolve, events, run)
            if (begun := started.target(command.provider_id)) is not None:
                session.set_timer(target_timer(command.run_id, started, begun, now=now))
            intent = _intent(command, run, installation, aim=run.aim(target), attempt_id=attempt_id, since=since)
            return await _attempt(
                session, run=run, target=target, installation=installation, intent=intent, deadline_seconds=seconds
            )

        attempt, handled = await self._handling.handle(decide, context=context)
        return attempt and replace(attempt, caused_by=handled.event_id)


async def _doubt(
    session: Session, command: StartAttempt, installation: Installation, *, version: int
) -> tuple[InstallationEvent, ...]:
    """A store that was set back has forgotten what it did here."""
    store = await session.load(STORE_STREAM, STORE, remember_absent=True) or Store()
    return doubt(
        installation,
        run_id=command.run_id,
        version=version,
        since=store.forgot_since(installation.restores_seen),
        restores=len(store.restored_to),
    )


def _check_due(target: TargetState, now: datetime) -> None:
    """Raises NotYetDue."""
    if target.status is not TargetStatus.QUEUED or target.next_attempt_at is None:
        return
    early_seconds = (target.next_attempt_at - now).total_seconds()
    if 0 < early_seconds <= EARLY_SECONDS_MAX:
        raise NotYetDue(early_seconds)


def _seconds(run: InstallRun, target: TargetState, now: datetime) -> float:
    """How long the attempt may take: not beyond the end of the run, but for what is being undone."""
    seconds = float(run.policy.attempt_timeout_seconds)
    if run.end_by is None or run.takes_back_at(target):
        return seconds
    return min(seconds, (run.end_by - now).total_seconds())


def _intent(
    command: StartAttempt,
    run: InstallRun,
    installation: Installation,
    *,
    aim: Aim,
    attempt_id: UUID,
    since: datetime,
) -> Intent:
    return Intent(
        installation_id=installation_stream(run.skill.id, command.provider_id),
        run_id=command.run_id,
        attempt_id=attempt_id,
        skill_name=run.skill.name,
        version=aim.version,
        digest=aim.digest,
        since=since,
        previous=installation.live.receipt if installation.live else None,
    )


async def _attempt(
    session: Session,
    *,
    run: InstallRun,
    target: TargetState,
    installation: Installation,
    intent: Intent,
    deadline_seconds: float,
) -> Attempt:
    """Reading the connection also binds the right to it: one that goes out of use meanwhile makes this a conflict."""
    provider = await session.load(target.target.id, PROVIDER)
    skill = await session.load(run.skill.id, SKILL)
    if provider is None:
        raise ProviderNotFound
    if not provider.active:
        raise ProviderInactive
    if provider.paused_at(session.now):
        raise ProviderOnHold
    if skill is None:
        raise SkillNotFound
    aim = run.aim(target)
    doubtful = installation.doubtful_versions | ({aim.version} if target.doubtful_since else frozenset())
    versions = [resolve(skill, str(number)) for number in sorted(doubtful)]
    return Attempt(
        run_id=intent.run_id,
        provider_id=target.target.id,
        attempt_id=intent.attempt_id,
        removes=aim.removes,
        provider=provider,
        manifest=resolve(skill, str(aim.version)).manifest,
        intent=intent,
        live=installation.live,
        former=installation.former.get(aim.digest),
        known=tuple(installation.former.values()),
        doubts=tuple(replace(intent, version=version.number, digest=version.digest) for version in versions),
        deadline_seconds=deadline_seconds,
    )
