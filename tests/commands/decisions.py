"""Decisions of every kind about one run, to be handled: one does, one stays quiet, one refuses, depending on what they read."""

from collections.abc import Awaitable, Callable
from uuid import UUID, uuid4

from adapters.memory.event_store import MemoryEventStore
from commands.handling import Handling, Session
from domain.errors import RunConflict, RunNotFound
from domain.install_run.events import RunStarted, RunSucceeded
from domain.install_run.state import INSTALL_RUN, InstallRun, RunStatus
from tests.domain.facts import OPENAI, queued
from tests.kit.facts import NOON, context

Decide = Callable[[Session], Awaitable[str]]


def handling_of(store: MemoryEventStore) -> Handling:
    """A process of its own: with a memory that knows nothing yet."""
    return Handling(store=store, clock=lambda: NOON, new_id=uuid4)


async def do(decide: Decide, handling: Handling) -> str:
    result, _ = await handling.handle(decide, context=context())
    return result


def queue_run(stream: UUID) -> Decide:
    async def decide(session: Session) -> str:
        await session.load(stream, INSTALL_RUN)
        session.append(stream, queued(OPENAI))
        return "queued"

    return decide


def start_run(stream: UUID) -> Decide:
    async def decide(session: Session) -> str:
        run = await _run(session, stream)
        if run.status is not RunStatus.QUEUED:
            return "quiet"
        session.append(stream, RunStarted())
        return "started"

    return decide


def end_run(stream: UUID, *, refuses: bool) -> Decide:
    """What it cannot do yet it refuses, or says nothing to."""

    async def decide(session: Session) -> str:
        run = await _run(session, stream)
        if run.status is RunStatus.QUEUED and refuses:
            raise RunConflict(conflicting_runs=(stream,))
        if run.status is not RunStatus.RUNNING:
            return "quiet"
        session.append(stream, RunSucceeded(succeeded=1))
        return "ended"

    return decide


async def _run(session: Session, stream: UUID) -> InstallRun:
    run = await session.load(stream, INSTALL_RUN)
    if run is None:
        raise RunNotFound
    return run
