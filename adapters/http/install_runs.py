"""`/api/install-runs`"""

from typing import Annotated, Any, Final, Literal
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.idempotency import Answered, answer_once
from adapters.http.operations import Operation, described
from adapters.http.pages import LINK, answer_page
from adapters.http.policy_choice import PolicyChoice
from adapters.http.requests import BodyReader, NoParameters, QueryReader
from adapters.http.resources import (
    InstallRunAnswer,
    InstallRunPreview,
    RequestedInstallRun,
    TargetPreview,
    as_stored,
    shown_as,
)
from adapters.http.run_waiting import ETAG, IF_NONE_MATCH, RunQuery, awaited_run, etag_of, known_to
from commands.beginning import BegunRun
from commands.queue_install_run import PreviewedRun, PreviewedTarget, QueuedRun, QueueInstallRun
from domain.errors import Code, RunNotFound
from domain.events import Role
from domain.install_run.decisions import TARGETS_MAX
from projections.install_runs import INSTALL_RUNS, InstallRun
from projections.run_history import HistoryEvent
from queries.get_install_run import GetInstallRun, get_install_run
from queries.get_run_history import EVENTS_MAX, GetRunHistory, get_run_history
from queries.list_install_runs import ListInstallRuns, list_install_runs
from queries.paging import Page, PageQuery

Name = Annotated[str, Meta(min_length=1, max_length=200)]


class NewInstallRun(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`skill` and `providers` are ids or names; `ref` is `latest`, a label, a number, or the beginning of a digest. With
    `dry_run` nothing is stored: the answer says what each provider would take.
    """

    skill: Name
    ref: Name = "latest"
    providers: Annotated[tuple[Name, ...], Meta(extra_json_schema={"minItems": 1, "maxItems": TARGETS_MAX})]
    policy: PolicyChoice = PolicyChoice()
    on_duplicate: Literal["reuse", "reject"] = "reuse"
    dry_run: bool = False


class HistoryQuery(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which page of a run's history, and not to answer before a position."""

    limit: Annotated[int, Meta(ge=1, le=EVENTS_MAX)] = EVENTS_MAX


BODY: Final = BodyReader(NewInstallRun)
NO_QUERY: Final = QueryReader(NoParameters)
LIST_QUERY: Final = QueryReader(ListInstallRuns)
ONE_QUERY: Final = QueryReader(RunQuery)
HISTORY_QUERY: Final = QueryReader(HistoryQuery)


@post(
    "/install-runs",
    guards=[Requires(Role.OPERATOR)],
    opt=described(
        Operation(
            id="queueInstallRun",
            summary="Ask for a skill to be installed at providers",
            description="The same run that is active already is answered with `reused: true`; with `dryRun` nothing is stored.",
            answers={
                202: ("The run, stored and queued.", RequestedInstallRun),
                200: (
                    "An active run that does exactly this already; or, of a dry run, what each provider would take.",
                    (RequestedInstallRun, InstallRunPreview),
                ),
            },
            body=NewInstallRun,
            example={"skill": "kbo-results", "ref": "stable", "providers": ["openai", "claude"]},
            refuses=(
                Code.NOT_FOUND_SKILL,
                Code.NOT_FOUND_VERSION,
                Code.NOT_FOUND_PROVIDER,
                Code.CONFLICT_SKILL,
                Code.CONFLICT_PROVIDER,
                Code.CONFLICT_RUN,
                Code.CONFLICT_BUSY,
            ),
        )
    ),
)
async def queue_install_run(request: Request[Any, Any, Any], application: NamedDependency[Application]) -> Answered:
    NO_QUERY.read(request)
    body = await BODY.read(request)

    async def act(run_id: UUID | None) -> Response[Any]:
        command = QueueInstallRun(
            skill=body.skill,
            ref=body.ref,
            providers=body.providers,
            policy=body.policy.over(application.default_policy),
            on_duplicate=body.on_duplicate,
            run_id=run_id,
        )
        if body.dry_run:
            previewed = await application.preview_install_run(command, context_of(request.scope))
            return Response(_shown(previewed), status_code=200)
        queued = await application.queue_install_run(command, context_of(request.scope))
        return await answer_requested(application, queued)

    return await answer_once(request, application.idempotency_keys, act)


@get(
    "/install-runs",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="listInstallRuns",
            summary="The install runs, the newest first",
            description=(
                "`q` is a part of the name of the skill, of a provider or of the key that asked, in any case; the beginning of "
                "the run's id, 8 digits or more; or exactly the id of who asked, of the correlation, or of a request as a "
                "provider knows it."
            ),
            answers={200: ("A page of runs.", Page[InstallRun])},
            parameters=ListInstallRuns,
            gives=(LINK,),
        )
    ),
)
async def show_install_runs(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[Page[InstallRun]]:
    asked = LIST_QUERY.read(request)
    return await answer_page(
        request, application.cursors, asked, lambda query: list_install_runs(application.reader, query)
    )


@get(
    "/install-runs/{run:str}",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getInstallRun",
            summary="One install run with its targets; at once, or as soon as it has changed or ended",
            answers={
                200: ("The run.", InstallRunAnswer),
                304: ("It is what `If-None-Match` names, also after waiting.", None),
            },
            parameters=RunQuery,
            refuses=(Code.NOT_FOUND_RUN, Code.RATE_LIMIT),
            takes=(IF_NONE_MATCH,),
            gives=(ETAG,),
        )
    ),
)
async def show_install_run(
    request: Request[Any, Any, Any], run: FromPath[str], application: NamedDependency[Application]
) -> Response[InstallRunAnswer | None]:
    asked = ONE_QUERY.read(request)
    known = known_to(request)
    query = GetInstallRun(run_id=run_id_of(run), min_position=asked.min_position)
    if asked.wait:
        answer = await awaited_run(request, application, query, known=known, seconds=asked.wait)
    else:
        answer = await get_install_run(application.reader, query)
    headers = {"ETag": etag_of(answer.item)}
    if known.has(answer):
        return Response(None, status_code=304, headers=headers)
    return Response(shown_as(InstallRunAnswer, answer.item, stale=answer.stale), headers=headers)


@get(
    "/install-runs/{run:str}/history",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getRunHistory",
            summary="Everything that happened to a run, the oldest first",
            answers={200: ("A page of events.", Page[HistoryEvent])},
            parameters=HistoryQuery,
            gives=(LINK,),
            refuses=(Code.NOT_FOUND_RUN,),
        )
    ),
)
async def show_run_history(
    request: Request[Any, Any, Any], run: FromPath[str], application: NamedDependency[Application]
) -> Response[Page[HistoryEvent]]:
    asked = HISTORY_QUERY.read(request)
    run_id = run_id_of(run)

    async def read(page: HistoryQuery) -> Page[HistoryEvent]:
        query = GetRunHistory(run_id=run_id, cursor=page.cursor, limit=page.limit, min_position=page.min_position)
        return await get_run_history(application.reader, query)

    return await answer_page(request, application.cursors, asked, read)


async def answer_requested(application: Application, queued: QueuedRun | BegunRun) -> Response[RequestedInstallRun]:
    """The run that a request made, or that was there already."""
    application.run_queued()
    history = queued.history or await application.store.load(queued.run_id)
    return Response(
        shown_as(RequestedInstallRun, as_stored(INSTALL_RUNS, history), reused=queued.reused),
        status_code=200 if queued.reused else 202,
        headers={"Location": f"/api/install-runs/{queued.run_id}"},
    )


def _shown(previewed: PreviewedRun) -> InstallRunPreview:
    targets = tuple(_shown_target(target) for target in previewed.targets)
    return InstallRunPreview(skill=previewed.skill, policy=previewed.policy, targets=targets)


def _shown_target(previewed: PreviewedTarget) -> TargetPreview:
    first = previewed.refusals[0] if previewed.refusals else None
    return TargetPreview(
        provider=previewed.target,
        accepted=first is None,
        code=first.code if first else None,
        message=first.message if first else None,
        refusals=previewed.refusals,
        paused=previewed.paused,
        installed_version=previewed.installed_version,
        active_run_id=previewed.active_run_id,
    )


def run_id_of(text: str) -> UUID:
    """Raises RunNotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise RunNotFound(f"{text} is not the id of an install run.") from None
