"""`/api/installations`"""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct
from msgspec.structs import replace

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.idempotency import Answered, answer_once
from adapters.http.install_runs import answer_requested
from adapters.http.operations import Operation, described
from adapters.http.pages import LINK, answer_page, listed
from adapters.http.requests import BodyReader, NoParameters, Position, QueryReader
from adapters.http.resources import InstallationAnswer, RequestedInstallRun, shown_as
from commands.uninstall_skill import UninstallSkill
from commands.verify_installation import INSTALLATIONS_MAX, VerifyInstallations
from domain.errors import BadRequest, Code, InstallationNotFound, Problem, StoreOffline
from domain.events import Role
from projections.installations import Drift
from queries.filtering import Search, Text
from queries.get_installation import GetInstallation, get_installation, get_installations
from queries.installation_view import Installation
from queries.list_installations import ListInstallations, list_installations
from queries.paging import Cursor, Page


class InstallationsToVerify(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Either these ones, or all that the filters leave: `skill` and `provider` are ids or names, `q` is as in the list."""

    installations: Annotated[tuple[UUID, ...], Meta(min_length=1, max_length=INSTALLATIONS_MAX)] | None = None
    skill: Text | None = None
    provider: Text | None = None
    drift: Drift | None = None
    q: Search | None = None


class VerificationPage(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Which page of them."""

    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=INSTALLATIONS_MAX)] = INSTALLATIONS_MAX


BODY: Final = BodyReader(InstallationsToVerify)
NO_QUERY: Final = QueryReader(NoParameters)
LIST_QUERY: Final = QueryReader(ListInstallations)
ONE_QUERY: Final = QueryReader(Position)
VERIFICATION_QUERY: Final = QueryReader(VerificationPage)


@get(
    "/installations",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="listInstallations",
            summary="What is live where, the newest pair of skill and provider first",
            description="`q` is a part of the name of the skill or the provider, or of the provider's own id, in any case.",
            answers={200: ("A page of installations.", Page[Installation])},
            parameters=ListInstallations,
            gives=(LINK,),
        )
    ),
)
async def show_installations(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[Page[Installation]]:
    asked = LIST_QUERY.read(request)
    return await answer_page(
        request, application.cursors, asked, lambda query: list_installations(application.reader, query)
    )


@get(
    "/installations/{installation:str}",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getInstallation",
            summary="What is live for one pair of skill and provider",
            answers={200: ("The installation.", InstallationAnswer)},
            parameters=Position,
            refuses=(Code.NOT_FOUND_INSTALLATION,),
        )
    ),
)
async def show_installation(
    request: Request[Any, Any, Any], installation: FromPath[str], application: NamedDependency[Application]
) -> InstallationAnswer:
    asked = ONE_QUERY.read(request)
    query = GetInstallation(installation_id=_installation_id(installation), min_position=asked.min_position)
    answer = await get_installation(application.reader, query)
    return shown_as(InstallationAnswer, answer.item, stale=answer.stale)


@post(
    "/installations/verify",
    guards=[Requires(Role.OPERATOR)],
    opt=described(
        Operation(
            id="verifyInstallations",
            summary="Ask the providers whether what is installed is still there as it was",
            description="Those that are named, those that the filters leave, or without a body all of them, a page at a time.",
            answers={200: ("A page of installations, as they are after the providers were asked.", Page[Installation])},
            body=InstallationsToVerify,
            example={"skill": "kbo-results", "provider": "openai"},
            body_optional=True,
            parameters=VerificationPage,
            located=False,
            refuses=(Code.NOT_FOUND_INSTALLATION, Code.CONFLICT_BUSY),
        )
    ),
)
async def verify_installations(request: Request[Any, Any, Any], application: NamedDependency[Application]) -> Answered:
    asked = VERIFICATION_QUERY.read(request)
    body = await BODY.read_if_any(request) or InstallationsToVerify()

    async def act(_: UUID | None) -> Response[Page[Installation]]:
        page = await _page_to_verify(application, listed(request.scope["path"], body), body, asked)
        ids = tuple(installation.id for installation in page.items)
        await application.verify_installations(VerifyInstallations(installation_ids=ids), context_of(request.scope))
        after = await get_installations(application.reader, ids)
        stale = page.stale or after.stale
        return Response(Page(items=after.items, next_cursor=page.next_cursor, stale=stale), status_code=200)

    return await answer_once(request, application.idempotency_keys, act)


@post(
    "/installations/{installation:str}/uninstall",
    guards=[Requires(Role.OPERATOR)],
    opt=described(
        Operation(
            id="uninstallSkill",
            summary="Ask for what is installed there to be removed",
            answers={
                202: ("The run, stored and queued.", RequestedInstallRun),
                200: ("An active run that is going to remove it already.", RequestedInstallRun),
            },
            refuses=(Code.NOT_FOUND_INSTALLATION, Code.CONFLICT_PROVIDER, Code.CONFLICT_BUSY),
        )
    ),
)
async def uninstall_skill(
    request: Request[Any, Any, Any], installation: FromPath[str], application: NamedDependency[Application]
) -> Answered:
    NO_QUERY.read(request)

    async def act(run_id: UUID | None) -> Response[RequestedInstallRun]:
        command = UninstallSkill(
            installation_id=_installation_id(installation), policy=application.default_policy, run_id=run_id
        )
        queued = await application.uninstall_skill(command, context_of(request.scope))
        return await answer_requested(application, queued)

    return await answer_once(request, application.idempotency_keys, act)


async def _page_to_verify(
    application: Application, of: bytes, body: InstallationsToVerify, asked: VerificationPage
) -> Page[Installation]:
    if body.installations is None:
        query = ListInstallations(
            skill=() if body.skill is None else (body.skill,),
            provider=() if body.provider is None else (body.provider,),
            drift=() if body.drift is None else (body.drift,),
            q=body.q,
            cursor=None if asked.cursor is None else application.cursors.open(asked.cursor, of=of),
            limit=asked.limit,
        )
        page = await list_installations(application.reader, query)
        following = page.next_cursor and application.cursors.sign(page.next_cursor, of=of)
        return replace(page, next_cursor=following)
    if body != InstallationsToVerify(installations=body.installations) or asked.cursor is not None:
        problem = Problem(pointer="/installations", message="stands alone, without filters and without a cursor")
        raise BadRequest("Name the installations, or filter them, but not both.", problems=(problem,))
    ids = tuple(dict.fromkeys(body.installations))
    found = await get_installations(application.reader, ids)
    if missing := set(ids) - {installation.id for installation in found.items}:
        if found.stale:
            raise StoreOffline("This is not known yet: what is read here is still being brought up to date.")
        raise InstallationNotFound(f"Nothing is live that has the id {min(missing)}.")
    return Page(items=found.items, next_cursor=None, stale=found.stale)


def _installation_id(text: str) -> UUID:
    try:
        return UUID(text)
    except ValueError:
        raise InstallationNotFound(f"{text} is not the id of an installation.") from None
