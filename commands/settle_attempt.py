"""Record how an attempt at a provider ended, and all that follows from it, in one append."""

from datetime import datetime, timedelta
from typing import Final
from uuid import UUID

from msgspec import Struct

from commands.concluding import Installed, conclude, sweep_timer, undoes_of
from commands.handling import Handling, Session
from domain.errors import Code, ProviderNotFound, RunNotFound
from domain.events import Context
from domain.install_run.decisions import settle
from domain.install_run.events import ProviderFailed, ProviderRetryScheduled, ProviderSucceeded, RunEvent
from domain.install_run.policy import RETRY_AFTER_SECONDS_MAX
from domain.install_run.state import INSTALL_RUN, InstallRun, TargetState
from domain.installation.decisions import Pair, check, note_late
from domain.installation.events import InstallationEvent, Receipt
from domain.installation.state import INSTALLATION, Installation, installation_stream
from domain.provider.decisions import slow_down
from domain.provider.state import PROVIDER
from domain.timers import Timer, TimerName

# With these a provider says something about the connection, and not only about what was asked.
REFUSED_US: Final = frozenset({Code.PROVIDER_UNAUTHORIZED, Code.PROVIDER_FORBIDDEN})
# A provider that says for how long has its word; where it does not, one run's patience must not hold up all others.
UNASKED_PAUSE_SECONDS_MAX: Final = 30


class SettleAttempt(Struct, frozen=True, kw_only=True):
    """`usage` is how to use what was installed. `version` and `since` are what the attempt meant to put there, and from when
    on: for one that comes too late. None: it was there to remove.
    """

    run_id: UUID
    outcome: ProviderSucceeded | ProviderFailed
    usage: str = ""
    version: int | None
    since: datetime


class SettleAttemptHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: SettleAttempt, context: Context) -> bool:
        """False: the attempt is not the current one any more, so nothing follows from it; what it put there is noted.

        Raises RunNotFound, StoreOffline.
        """
        outcome = command.outcome

        async def decide(session: Session) -> bool:
            run = await session.load(command.run_id, INSTALL_RUN)
            if run is None:
                raise RunNotFound
            undoes = await undoes_of(session, command.run_id, run)
            events = settle(run, outcome, now=session.now, undoes=undoes)
            if not events:
                await _note_late(session, command, run)
                return False
            installed = {}
            if isinstance(outcome, ProviderSucceeded):
                installed[outcome.provider_id] = Installed(receipt=outcome.receipt, usage=command.usage)
            await conclude(session, run_id=command.run_id, run=run, events=events, now=session.now, installed=installed)
            if isinstance(outcome, ProviderFailed):
                await _heed(session, outcome, run, events)
            return True

        settled, _ = await self._handling.handle(decide, context=context)
        return settled


async def _note_late(session: Session, command: SettleAttempt, run: InstallRun) -> None:
    """Somebody else has the right to this target by now; what was put there or removed nevertheless must not be forgotten."""
    outcome, target = command.outcome, run.target(command.outcome.provider_id)
    if not isinstance(outcome, ProviderSucceeded) or outcome.receipt is None:
        return
    if target is None or _is_recorded(target, outcome):
        return
    stream = installation_stream(run.skill.id, outcome.provider_id)
    installation = await session.load(stream, INSTALLATION) or Installation()
    if command.version is None:
        session.append(stream, *_gone(installation, outcome.receipt))
        return
    late = note_late(
        installation,
        pair=Pair(run_id=command.run_id, skill_id=run.skill.id, provider_id=outcome.provider_id),
        attempt_id=outcome.attempt_id,
        version=command.version,
        receipt=outcome.receipt,
        since=command.since,
    )
    session.append(stream, *late)
    if late:
        session.set_timer(sweep_timer(stream, outcome.provider_id, now=session.now))


def _gone(installation: Installation, removed: Receipt) -> tuple[InstallationEvent, ...]:
    """What is live went with the rest of what was removed, if it was a part of that."""
    live = installation.live
    if live is None or live.receipt.remote_id != removed.remote_id:
        return ()
    return check(installation, run_id=live.run_id, answer="missing")


def _is_recorded(target: TargetState, outcome: ProviderSucceeded) -> bool:
    """Whether this is the answer to one that was stored and whose acknowledgement got lost."""
    return target.attempt_id == outcome.attempt_id and (
        target.receipt == outcome.receipt or target.code is Code.RUN_ROLLED_BACK
    )


async def _heed(session: Session, failed: ProviderFailed, run: InstallRun, events: tuple[RunEvent, ...]) -> None:
    """What the failure says of the connection: slow down, or that it is not let in any more."""
    now, connection = session.now, failed.provider_id
    if failed.code is Code.PROVIDER_RATE_LIMIT:
        provider = await session.load(connection, PROVIDER)
        if provider is None:
            raise ProviderNotFound
        until = _slow_until(failed, run, events, now=now)
        if until > now and (paused := slow_down(provider, until=until, code=failed.code)):
            session.append(connection, *paused)
            session.set_timer(Timer(name=TimerName.RESUME, subject=connection, provider_id=connection, due_at=until))
    if failed.code in REFUSED_US:
        session.set_timer(Timer(name=TimerName.VERIFY, subject=connection, provider_id=connection, due_at=now))


def _slow_until(failed: ProviderFailed, run: InstallRun, events: tuple[RunEvent, ...], *, now: datetime) -> datetime:
    """When the provider said, else when it is tried again anyway."""
    if failed.retry_after_seconds:
        return now + timedelta(seconds=min(failed.retry_after_seconds, RETRY_AFTER_SECONDS_MAX))
    due = [event.due_at for event in events if isinstance(event, ProviderRetryScheduled)]
    again_at = due[0] if due else now + timedelta(seconds=run.policy.backoff_seconds)
    return min(again_at, now + timedelta(seconds=UNASKED_PAUSE_SECONDS_MAX))
