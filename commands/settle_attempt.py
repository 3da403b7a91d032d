"""Record how an attempt at a provider ended, and all that follows from it, in one append."""

from uuid import UUID

from msgspec import Struct

from commands.handling import Handling, Session
from domain.errors import RunNotFound
from domain.events import Context
from domain.install_run.decisions import settle
from domain.install_run.events import ProviderFailed, ProviderSucceeded
from domain.install_run.state import INSTALL_RUN, InstallRun
from domain.installation.decisions import change, release, remove
from domain.installation.events import InstallationEvent
from domain.installation.state import INSTALLATION, Installation, installation_stream


class SettleAttempt(Struct, frozen=True, kw_only=True):
    """`usage` is how to use what was installed."""

    run_id: UUID
    outcome: ProviderSucceeded | ProviderFailed
    usage: str = ""


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
            freed = _free(run, installation, command)
            session.append(stream, *freed)
            # The end of the run is the last thing that is said about it.
            session.append(command.run_id, *events[1:])
            return True

        settled, _ = await self._handling.handle(decide, context=context)
        return settled


def _free(run: InstallRun, installation: Installation, command: SettleAttempt) -> tuple[InstallationEvent, ...]:
    """What the outcome means for the pair, and who has its slot next."""
    outcome = command.outcome
    pair = {"run_id": command.run_id, "skill_id": run.skill.id, "provider_id": outcome.provider_id}
    if isinstance(outcome, ProviderFailed):
        target = run.target(outcome.provider_id)
        # A removal whose outcome is not known has put nothing there.
        doubtful = outcome.ambiguous and run.kind == "install"
        return release(installation, **pair, doubtful_since=target.since if target and doubtful else None)
    if run.kind == "uninstall":
        return remove(installation, **pair)
    assert outcome.receipt is not None  # noqa: S101 - whoever installs gets one
    return change(installation, **pair, digest=run.skill.digest, receipt=outcome.receipt, usage=command.usage)
