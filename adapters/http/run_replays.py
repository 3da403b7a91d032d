"""`/api/install-runs/{run}/state`, `/diff` and `/why`: a run as it was at any moment, and how it came about"""

from datetime import UTC, datetime
from typing import Any, Final

from litestar import Request, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Struct, field

from adapters.http.application import Application
from adapters.http.authentication import Requires
from adapters.http.install_runs import run_id_of
from adapters.http.operations import Operation, described
from adapters.http.requests import NoParameters, QueryReader
from domain.errors import Code
from domain.events import Role
from queries.moments import Asked
from queries.run_causes import RunCauses, get_run_causes
from queries.run_diff import GetRunDiff, RunDiff, get_run_diff
from queries.run_state import GetRunState, RunState, get_run_state


class StateQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """At which moment; unless given, now."""

    at: Asked | None = None


class DiffQuery(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Between which moments; unless given, the run's first event and now."""

    from_: Asked | None = field(name="from", default=None)
    to: Asked | None = None


STATE_QUERY: Final = QueryReader(StateQuery)
DIFF_QUERY: Final = QueryReader(DiffQuery)
NO_QUERY: Final = QueryReader(NoParameters)


@get(
    "/install-runs/{run:str}/state",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getRunState",
            summary="A run as it was at any moment",
            description=(
                "Folded from the events alone, so it is right also where a read model is behind or broken. `run` is the run as "
                "it was shown then, `state` what was decided by, and `installations` are the pairs that it is about."
            ),
            answers={200: ("The run as it was then.", RunState)},
            parameters=StateQuery,
            refuses=(Code.NOT_FOUND_RUN,),
        )
    ),
)
async def show_run_state(
    request: Request[Any, Any, Any], run: FromPath[str], application: NamedDependency[Application]
) -> RunState:
    asked = STATE_QUERY.read(request)
    query = GetRunState(run_id=run_id_of(run), at=asked.at, now=datetime.now(UTC))
    return await get_run_state(application.store, application.live.log, query)


@get(
    "/install-runs/{run:str}/diff",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getRunDiff",
            summary="What changed about a run between two moments, and which event changed it",
            description=(
                "`before` is what a field was at `from`, `after` what it was at `to`, and `event` the last one that changed it. "
                "What is again as it was before is left out."
            ),
            answers={200: ("The changes, in the order of the events that made them.", RunDiff)},
            parameters=DiffQuery,
            refuses=(Code.NOT_FOUND_RUN,),
        )
    ),
)
async def show_run_diff(
    request: Request[Any, Any, Any], run: FromPath[str], application: NamedDependency[Application]
) -> RunDiff:
    asked = DIFF_QUERY.read(request)
    query = GetRunDiff(run_id=run_id_of(run), since=asked.from_, until=asked.to, now=datetime.now(UTC))
    return await get_run_diff(application.store, application.live.log, query)


@get(
    "/install-runs/{run:str}/why",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getRunCauses",
            summary="Why a run went as it did: its events as a tree of causes",
            description=(
                "From the request or the chat action that asked for it to what happened last, with what was refused to the same "
                "request, and how long each step took. `also` points at what lies in other runs: the one that this one tries "
                "again or takes back, and those that it waited for."
            ),
            answers={200: ("The tree, or several: whatever has no cause begins one.", RunCauses)},
            refuses=(Code.NOT_FOUND_RUN,),
        )
    ),
)
async def show_run_causes(
    request: Request[Any, Any, Any], run: FromPath[str], application: NamedDependency[Application]
) -> RunCauses:
    NO_QUERY.read(request)
    return await get_run_causes(application.store, application.live.log, application.reader, run_id_of(run))
