"""Looks after the read models on the database itself, while everything runs: how they stand, whether they are right, and anew."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Final

from adapters.postgres.comparing import Comparison, compare
from adapters.postgres.connection import open_pool
from adapters.postgres.rebuilding import Rebuilt, go_back, rebuild
from adapters.postgres.table_vitals import TableVitals, table_vitals
from adapters.postgres.workbench import NAME, Progress, Told, workbench
from projections.catalog import READ_MODELS
from projections.read_model import ReadModel
from workers.awaiting import migrated
from workers.failpoints import Failpoint, reach
from workers.opening import postgres_url
from workers.settings import Settings

NAMES: Final = tuple(model.name for model in READ_MODELS)


async def stand(settings: Settings, names: Sequence[str]) -> tuple[TableVitals, ...]:
    """Raises SettingsError, StoreOffline."""
    async with open_pool(postgres_url(settings), name=NAME, size_max=1) as pool:
        await migrated(pool)
        return await table_vitals(pool, chosen(names))


async def verify_each(
    settings: Settings, names: Sequence[str], *, shown_max: int, told: Told
) -> AsyncIterator[Comparison]:
    """One after the other. Raises SettingsError, StoreOffline, and what `compare` raises."""
    await _ready(settings)
    for model in chosen(names):
        async with workbench(postgres_url(settings), model, told=told) as bench:
            yield await compare(bench, shown_max=shown_max)


async def rebuild_each(
    settings: Settings, names: Sequence[str], *, back: bool, afresh: bool, told: Told
) -> AsyncIterator[Rebuilt]:
    """One after the other; `back`: have the tables served again that were served before.

    Raises SettingsError, StoreOffline, and what `rebuild` and `go_back` raise.
    """
    await _ready(settings)

    def told_and_reached(progress: Progress) -> None:
        told(progress)
        if progress.stage == "loading":
            reach(Failpoint.REBUILD_PART_LOADED)
        elif progress.stage == "swapping":
            reach(Failpoint.REBUILD_LOADED)

    for model in chosen(names):
        async with workbench(postgres_url(settings), model, told=told_and_reached) as bench:
            yield await (go_back(bench) if back else rebuild(bench, afresh=afresh))


def chosen(names: Sequence[str]) -> list[ReadModel[Any]]:
    """All of them if none is named."""
    return [model for model in READ_MODELS if not names or model.name in names]


async def _ready(settings: Settings) -> None:
    async with open_pool(postgres_url(settings), name=NAME, size_max=1) as pool:
        await migrated(pool)
