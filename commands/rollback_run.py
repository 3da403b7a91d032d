"""Ask for what a run did to be taken back: a run of its own kind, which puts back what was there before, or removes it."""

from collections.abc import Mapping
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from commands.beginning import BegunRun, begin, begun_run, check_connections, pairs_of
from commands.handling import Handling, Session, require
from domain.errors import ProviderNotFound, RunNotFound
from domain.events import Context
from domain.install_run import decisions
from domain.install_run.events import RollbackRequested, RunQueued
from domain.install_run.repairs import is_taken_back_by, targets_to_roll_back, undo
from domain.install_run.state import INSTALL_RUN, InstallRun
from domain.installation.state import Installation
from domain.provider.state import PROVIDER, provider_stream


class RollbackRun(Struct, frozen=True, kw_only=True):
    """`providers` are ids or names; without them it is about every target where the run did something.

    `run_id` is for a request that may come again: if there is such a run already, it is the one that was asked for.
    """

    original_id: UUID
    providers: tuple[str, ...] | None = None
    run_id: UUID | None = None


class RollbackRunHandler:
    def __init__(self, *, handling: Handling) -> None:
        self._handling = handling

    async def __call__(self, command: RollbackRun, context: Context) -> BegunRun:
        """Raises RunNotFound, ProviderNotFound, RunUnfit, ProviderInactive, Busy, StoreOffline."""
        run_id = command.run_id or self._handling.new_id()

        async def decide(session: Session) -> UUID:
            if command.run_id is not None and await session.load(run_id, INSTALL_RUN) is not None:
                return run_id
            original = await _run(session, command.original_id)
            wanted = await _wanted(session, command.providers)
            if original.rollback is not None:
                last = await _run(session, original.rollback)
                if is_taken_back_by(original, last, wanted):
                    return original.rollback
            targets = targets_to_roll_back(original, wanted)
            pairs = await pairs_of(session, original.skill.id, targets)
            if (active := await _active(session, command.original_id, pairs)) is not None:
                return active
            await check_connections(session, targets)
            undoes = tuple(undo(command.original_id, pairs[target.id], target) for target in targets)
            queued = RunQueued(
                kind="rollback",
                skill=original.skill,
                targets=targets,
                # What could be taken back is not put there again because of what could not.
                policy=replace(original.policy, mode="best_effort"),
                rollback_of=command.original_id,
                undoes=undoes,
            )
            begin(session, run_id=run_id, events=decisions.queue(queued, now=session.now), pairs=pairs)
            session.append(command.original_id, RollbackRequested(run_id=run_id, undoes=undoes))
            return run_id

        chosen, handled = await self._handling.handle(decide, context=context)
        return begun_run(chosen, handled, run_id=run_id)


async def _run(session: Session, run_id: UUID) -> InstallRun:
    run = await session.load(run_id, INSTALL_RUN)
    if run is None:
        raise RunNotFound
    return run


async def _wanted(session: Session, providers: tuple[str, ...] | None) -> frozenset[UUID] | None:
    if providers is None:
        return None
    decisions.check_target_count(len(providers))
    wanted = []
    for provider in providers:
        missing = ProviderNotFound(f"No provider connection is called {provider}.")
        stream, _ = await require(session, provider, named=provider_stream, fold=PROVIDER, missing=missing)
        wanted.append(stream)
    return frozenset(wanted)


async def _active(session: Session, original_id: UUID, pairs: Mapping[UUID, Installation | None]) -> UUID | None:
    """A rollback of the same run that is queued or running, and is about all of this."""
    last = {pair.claims[-1].run_id for pair in pairs.values() if pair and pair.claims}
    if len(last) != 1:
        return None
    (run_id,) = last
    run = await _run(session, run_id)
    return run_id if run.rollback_of == original_id and pairs.keys() <= run.provider_ids else None
