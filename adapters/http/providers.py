"""`/api/providers`"""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, get, patch, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import UNSET, Meta, Struct, UnsetType, structs

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.idempotency import Answered, answer_once
from adapters.http.operations import Operation, described
from adapters.http.pages import LINK, answer_page
from adapters.http.requests import BodyReader, NoParameters, Position, QueryReader
from adapters.http.resources import ProviderAnswer, as_stored, shown_as
from commands.change_provider import ChangeProvider
from commands.connect_provider import CONCURRENCY_MAX_DEFAULT, ConnectProvider
from commands.verify_provider import VerifyProvider
from domain.errors import BadRequest, Code, Problem
from domain.events import Role
from projections.providers import PROVIDERS, Provider
from queries.get_provider import GetProvider, get_provider
from queries.list_providers import ListProviders, list_providers
from queries.paging import Page

CONCURRENCY_MAX: Final = 64

ConnectionName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$(?!\n)")]
# These go into the requests to the provider, the first two as headers.
SentText = Annotated[str, Meta(pattern=r"^[!-~]{1,200}$(?!\n)")]
Places = Annotated[int, Meta(ge=1, le=CONCURRENCY_MAX)]
LASTING: Final = frozenset({"/name", "/kind"})


class NewProvider(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`credential` is `env:NAME`, `file:NAME`, or the secret itself. `baseUrl` is the provider's own unless given."""

    kind: str
    name: ConnectionName
    credential: str
    base_url: str | None = None
    organization: SentText | None = None
    project: SentText | None = None
    base_agent: SentText | None = None
    concurrency_max: Places = CONCURRENCY_MAX_DEFAULT


class ProviderChange(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What is left out stays as it is; null clears. Another `baseUrl` needs `credential` again."""

    active: bool | UnsetType = UNSET
    credential: str | UnsetType = UNSET
    base_url: str | UnsetType = UNSET
    organization: SentText | UnsetType | None = UNSET
    project: SentText | UnsetType | None = UNSET
    base_agent: SentText | UnsetType | None = UNSET
    concurrency_max: Places | UnsetType = UNSET


BODY: Final = BodyReader(NewProvider)
CHANGE_BODY: Final = BodyReader(ProviderChange)
NO_QUERY: Final = QueryReader(NoParameters)
LIST_QUERY: Final = QueryReader(ListProviders)
ONE_QUERY: Final = QueryReader(Position)


@post(
    "/providers",
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="connectProvider",
            summary="Connect a provider and verify it",
            answers={201: ("The connection; inactive, with the reason, if it could not be verified.", Provider)},
            body=NewProvider,
            example={"kind": "openai", "name": "openai", "credential": "env:WAYBILL_CREDENTIAL_OPENAI"},
            refuses=(Code.CONFLICT_PROVIDER, Code.CONFLICT_BUSY, Code.UNPROCESSABLE_CREDENTIAL),
        )
    ),
)
async def connect_provider(request: Request[Any, Any, Any], application: NamedDependency[Application]) -> Answered:
    NO_QUERY.read(request)
    command = _command(await BODY.read(request), application)

    async def act(_: UUID | None) -> Response[Provider]:
        connection = await application.connect_provider(command, context_of(request.scope))
        return Response(
            await _stored(application, connection.provider_id),
            status_code=201,
            headers={"Location": f"/api/providers/{connection.provider_id}"},
        )

    return await answer_once(request, application.idempotency_keys, act)


@get(
    "/providers",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="listProviders",
            summary="The provider connections, the newest first",
            description="`q` is a part of the name, the kind or the base URL, in any case.",
            answers={200: ("A page of connections.", Page[Provider])},
            parameters=ListProviders,
            gives=(LINK,),
        )
    ),
)
async def show_providers(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[Page[Provider]]:
    asked = LIST_QUERY.read(request)
    return await answer_page(
        request, application.cursors, asked, lambda query: list_providers(application.reader, query)
    )


@get(
    "/providers/{provider:str}",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getProvider",
            summary="One provider connection, by id or name",
            answers={200: ("The connection.", ProviderAnswer)},
            parameters=Position,
            refuses=(Code.NOT_FOUND_PROVIDER,),
        )
    ),
)
async def show_provider(
    request: Request[Any, Any, Any], provider: FromPath[str], application: NamedDependency[Application]
) -> ProviderAnswer:
    query = GetProvider(provider=provider, min_position=ONE_QUERY.read(request).min_position)
    answer = await get_provider(application.reader, query)
    return shown_as(ProviderAnswer, answer.item, stale=answer.stale)


@patch(
    "/providers/{provider:str}",
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="changeProvider",
            summary="Change a provider connection, or take it out of use or into use",
            description="What is left out stays as it is. Another `baseUrl` needs `credential` again.",
            answers={200: ("The connection; inactive, with the reason, if it could not be verified.", Provider)},
            body=ProviderChange,
            example={"concurrencyMax": 8},
            refuses=(Code.NOT_FOUND_PROVIDER, Code.CONFLICT_BUSY, Code.UNPROCESSABLE_CREDENTIAL),
        )
    ),
)
async def change_provider(
    request: Request[Any, Any, Any], provider: FromPath[str], application: NamedDependency[Application]
) -> Provider:
    NO_QUERY.read(request)
    body = await _read_change(request)
    command = ChangeProvider(provider=provider, **structs.asdict(body))
    return await _stored(application, await application.change_provider(command, context_of(request.scope)))


@post(
    "/providers/{provider:str}/verify",
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="verifyProvider",
            summary="Verify a provider connection again",
            answers={200: ("The connection, with what the provider said.", Provider)},
            located=False,
            refuses=(Code.NOT_FOUND_PROVIDER, Code.CONFLICT_BUSY),
        )
    ),
)
async def verify_provider(
    request: Request[Any, Any, Any], provider: FromPath[str], application: NamedDependency[Application]
) -> Answered:
    NO_QUERY.read(request)

    async def act(_: UUID | None) -> Response[Provider]:
        verified = await application.verify_provider(VerifyProvider(provider=provider), context_of(request.scope))
        return Response(await _stored(application, verified), status_code=200)

    return await answer_once(request, application.idempotency_keys, act)


async def _stored(application: Application, provider_id: UUID) -> Provider:
    return shown_as(Provider, as_stored(PROVIDERS, await application.store.load(provider_id)))


async def _read_change(request: Request[Any, Any, Any]) -> ProviderChange:
    try:
        change = await CHANGE_BODY.read(request)
    except BadRequest as refused:
        if lasting := [problem.pointer for problem in refused.problems if problem.pointer in LASTING]:
            problem = Problem(pointer=lasting[0], message="cannot be changed")
            raise BadRequest("Name and kind stay as they are: connect another one.", problems=(problem,)) from None
        raise
    if change == ProviderChange():
        raise BadRequest("Say at least one thing that shall be different.")
    return change


def _command(body: NewProvider, application: Application) -> ConnectProvider:
    for kind, base_url in application.base_urls.items():
        if kind == body.kind:
            return ConnectProvider(
                kind=kind,
                name=body.name,
                credential=body.credential,
                base_url=base_url if body.base_url is None else body.base_url,
                organization=body.organization,
                project=body.project,
                base_agent=body.base_agent,
                concurrency_max=body.concurrency_max,
            )
    kinds = ", ".join(sorted(application.base_urls))
    problem = Problem(pointer="/kind", message=f"must be one of: {kinds}")
    raise BadRequest(f"Providers of this kind cannot be connected here, only: {kinds}.", problems=(problem,))
