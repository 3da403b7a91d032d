"""Record how an attempt at a provider ended, and all that follows from it, in one append."""

from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from domain.errors import RunNotFound
from domain.events import Context
from domain.install_run.decisions import settle
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from domain.install_run.state import INSTALL_RUN
from domain.installation.decisions import change, release
from domain.installation.state import INSTALLATION, Installation, installation_stream


class SettleAttempt(Struct, frozen=True, kw_only=True):
    run_id: UUID
    outcome: ProviderSucceeded | ProviderFailed


class SettleAttemptHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: SettleAttempt, context: Context) -> bool:
        """False: the attempt is not the current one any more, so nothing was recorded. Raises RunNotFound, StoreOffline."""
        outcome = command.outcome

        async def decide(session: Session) -> bool:
            run = await session.load(command.run_id, INSTALL_RUN)
            if run is None:
                raise RunNotFound
            events = settle(run, outcome)
            if not events:
                return False
            session.append(command.run_id, outcome)
            stream = installation_stream(run.skill.id, outcome.provider_id)
            installation = await session.load(stream, INSTALLATION) or Installation()
            pair = {"run_id": command.run_id, "skill_id": run.skill.id, "provider_id": outcome.provider_id}
            if isinstance(outcome, ProviderSucceeded):
                freed = change(installation, **pair, digest=run.skill.digest, receipt=outcome.receipt)
            else:
                target = run.target(outcome.provider_id)
                doubtful_since = target.since if target and outcome.ambiguous else None
                freed = release(installation, **pair, doubtful_since=doubtful_since)
            session.append(stream, *freed)
            # The end of the run is the last thing that is said about it.
            session.append(command.run_id, *events[1:])
            return True

        settled, _ = await self._handling.handle(decide, context=context)
        return settled
