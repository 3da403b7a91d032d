"""One install run, with its targets."""

from typing import Final
from uuid import UUID

from msgspec import Struct

from domain.errors import RunNotFound
from projections.install_runs import INSTALL_RUNS, InstallRun
from queries.reading import Answer, Reader, is_stale, only

SQL: Final = "SELECT {columns} FROM {table} WHERE id = %(id)s"


class GetInstallRun(Struct, frozen=True, kw_only=True):
    run_id: UUID
    min_position: int | None = None


async def get_install_run(reader: Reader, query: GetInstallRun) -> Answer[InstallRun]:
    """Raises RunNotFound."""
    stale = await is_stale(reader, INSTALL_RUNS, query.min_position)
    rows = await reader.fetch(INSTALL_RUNS, SQL, {"id": query.run_id}, InstallRun)
    return only(rows, stale=stale, missing=RunNotFound(f"No install run has the id {query.run_id}."))
