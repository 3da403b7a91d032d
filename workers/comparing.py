"""After a restore: ask the providers about every installation that the store knows, and record what is not as it was left."""

from collections import Counter
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import structlog

from adapters.postgres.event_log import PostgresEventLog
from commands.check_store import CheckStore
from commands.verify_installation import INSTALLATIONS_MAX, VerifyInstallations
from domain.events import Actor, Context, Event
from domain.installation.events import InstallationCheckFailed, InstallationDriftFound, InstallationVerified
from domain.installation.state import INSTALLATION
from domain.store.state import STORE, STORE_STREAM
from workers.log_context import logged_for
from workers.settings import Settings

if TYPE_CHECKING:
    from workers.wiring import WriteSide

log = structlog.get_logger(__name__)


async def compare_if_restored(settings: Settings, event_log: PostgresEventLog, *, by: str) -> None:
    """Quiet unless the store was set back and nobody has compared since. Raises StoreOffline, Busy."""
    history = await event_log.read_stream(STORE_STREAM)
    store = STORE.fold(history)
    if store is None or store.checked:
        return
    # Asking providers takes much to import, for something that hardly ever happens.
    from workers.wiring import write_side  # noqa: PLC0415

    async with write_side(settings, part=f"{by}-comparing") as write:
        await _compare(write, await event_log.streams_of(INSTALLATION.noun), by=by)


async def _compare(write: "WriteSide", installation_ids: tuple[UUID, ...], *, by: str) -> None:
    actor = Actor(kind="system", id=by, name=f"waybill {by}")
    context = Context(actor=actor, request_id=f"comparing-{uuid4().hex[:12]}", correlation_id=uuid4())
    answers: Counter[type[Event]] = Counter()
    for start in range(0, len(installation_ids), INSTALLATIONS_MAX):
        some = installation_ids[start : start + INSTALLATIONS_MAX]
        with logged_for(context):
            await write.commands.verify_installations(VerifyInstallations(installation_ids=some), context)
        for installation_id in some:
            last = (await write.store.load(installation_id))[-1]
            if last.correlation_id == context.correlation_id:
                answers[type(last.event)] += 1
    drifted, unknown = answers[InstallationDriftFound], answers[InstallationCheckFailed]
    asked = drifted + unknown + answers[InstallationVerified]
    await write.commands.check_store(CheckStore(installations=asked, drifted=drifted, unknown=unknown), context)
    tell = log.warning if drifted or unknown else log.info
    tell("store_checked", installations=asked, drifted=drifted, unknown=unknown)
