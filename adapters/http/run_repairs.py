"""`/api/install-runs/{run}/cancel`, `/retry` and `/rollback`"""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.idempotency import Answered, answer_once
from adapters.http.install_runs import Name, answer_requested, run_id_of
from adapters.http.operations import Operation, described
from adapters.http.requests import BodyReader, NoParameters, QueryReader
from adapters.http.resources import RequestedInstallRun, as_stored, shown_as
from commands.cancel_run import CancelRun
from commands.retry_run import RetryRun
from commands.rollback_run import RollbackRun
from domain.errors import Code
from domain.events import Role
from domain.install_run.decisions import TARGETS_MAX
from projections.install_runs import INSTALL_RUNS, InstallRun


class TargetsToRollBack(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Ids or names; without them it is about every target where the run did something."""

    providers: Annotated[tuple[Name, ...], Meta(min_length=1, max_length=TARGETS_MAX)] | None = None


BODY: Final = BodyReader(TargetsToRollBack)
NO_QUERY: Final = QueryReader(NoParameters)


@post(
    "/install-runs/{run:str}/cancel",
    guards=[Requires(Role.OPERATOR)],
    opt=described(
        Operation(
            id="cancelRun",
            summary="Begin nothing more of a run; a call under way is waited for",
            answers={
                202: ("The run: over, or as soon as the calls under way are.", InstallRun),
                200: ("It was cancelled already.", InstallRun),
            },
            located=False,
            refuses=(Code.NOT_FOUND_RUN, Code.CONFLICT_RUN),
        )
    ),
)
async def cancel_run(
    request: Request[Any, Any, Any], run: FromPath[str], application: NamedDependency[Application]
) -> Answered:
    NO_QUERY.read(request)

    async def act(_: UUID | None) -> Response[InstallRun]:
        command = CancelRun(run_id=run_id_of(run))
        cancelled = await application.cancel_run(command, context_of(request.scope))
        stored = as_stored(INSTALL_RUNS, await application.store.load(cancelled.run_id))
        return Response(shown_as(InstallRun, stored), status_code=200 if cancelled.position is None else 202)

    return await answer_once(request, application.idempotency_keys, act)


@post(
    "/install-runs/{run:str}/retry",
    guards=[Requires(Role.OPERATOR)],
    opt=described(
        Operation(
            id="retryRun",
            summary="Try again what failed in a run, in a new run of the same version",
            answers={
                202: ("The new run, stored and queued.", RequestedInstallRun),
                200: ("The run that tries it again already, or has done so.", RequestedInstallRun),
            },
            refuses=(Code.NOT_FOUND_RUN, Code.CONFLICT_RUN, Code.CONFLICT_SKILL, Code.CONFLICT_PROVIDER),
        )
    ),
)
async def retry_run(
    request: Request[Any, Any, Any], run: FromPath[str], application: NamedDependency[Application]
) -> Answered:
    NO_QUERY.read(request)

    async def act(run_id: UUID | None) -> Response[RequestedInstallRun]:
        command = RetryRun(original_id=run_id_of(run), run_id=run_id)
        return await answer_requested(application, await application.retry_run(command, context_of(request.scope)))

    return await answer_once(request, application.idempotency_keys, act)


@post(
    "/install-runs/{run:str}/rollback",
    guards=[Requires(Role.OPERATOR)],
    opt=described(
        Operation(
            id="rollbackRun",
            summary="Take back what a run did: put the version before in its place, or remove it",
            answers={
                202: ("The run that does it, stored and queued.", RequestedInstallRun),
                200: ("The run that is at it already, or has done so.", RequestedInstallRun),
            },
            body=TargetsToRollBack,
            example={"providers": ["openai"]},
            body_optional=True,
            refuses=(Code.NOT_FOUND_RUN, Code.NOT_FOUND_PROVIDER, Code.CONFLICT_RUN, Code.CONFLICT_PROVIDER),
        )
    ),
)
async def rollback_run(
    request: Request[Any, Any, Any], run: FromPath[str], application: NamedDependency[Application]
) -> Answered:
    NO_QUERY.read(request)
    body = await BODY.read_if_any(request) or TargetsToRollBack()

    async def act(run_id: UUID | None) -> Response[RequestedInstallRun]:
        command = RollbackRun(original_id=run_id_of(run), providers=body.providers, run_id=run_id)
        return await answer_requested(application, await application.rollback_run(command, context_of(request.scope)))

    return await answer_once(request, application.idempotency_keys, act)
