"""`/api/providers`"""

from typing import Annotated, Any, Final

from litestar import Request, Response, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.operations import Operation, described
from adapters.http.requests import BodyReader, NoParameters, Position, QueryReader
from adapters.http.resources import ProviderAnswer, as_stored, shown_as
from commands.connect_provider import CONCURRENCY_MAX_DEFAULT, ConnectProvider
from domain.errors import BadRequest, Code, Problem
from domain.events import Role
from projections.providers import PROVIDERS, Provider
from queries.get_provider import GetProvider, get_provider
from queries.list_providers import ListProviders, list_providers
from queries.paging import Page

CONCURRENCY_MAX: Final = 64

ConnectionName = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9-]{0,62}$(?!\n)")]
# These become headers of requests to the provider.
HeaderText = Annotated[str, Meta(pattern=r"^[!-~]{1,200}$(?!\n)")]


class NewProvider(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`credential` is `env:NAME`, `file:NAME`, or the secret itself. `baseUrl` is the provider's own unless given."""

    kind: str
    name: ConnectionName
    credential: str
    base_url: str | None = None
    organization: HeaderText | None = None
    project: HeaderText | None = None
    concurrency_max: Annotated[int, Meta(ge=1, le=CONCURRENCY_MAX)] = CONCURRENCY_MAX_DEFAULT


BODY: Final = BodyReader(NewProvider)
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
            refuses=(Code.CONFLICT_PROVIDER, Code.CONFLICT_BUSY, Code.UNPROCESSABLE_CREDENTIAL),
        )
    ),
)
async def connect_provider(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[Provider]:
    NO_QUERY.read(request)
    command = _command(await BODY.read(request), application)
    connection = await application.connect_provider(command, context_of(request.scope))
    history = await application.store.load(connection.provider_id)
    return Response(
        shown_as(Provider, as_stored(PROVIDERS, history)),
        status_code=201,
        headers={"Location": f"/api/providers/{connection.provider_id}"},
    )


@get(
    "/providers",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="listProviders",
            summary="The provider connections, the newest first",
            answers={200: ("A page of connections.", Page[Provider])},
            parameters=ListProviders,
        )
    ),
)
async def show_providers(request: Request[Any, Any, Any], application: NamedDependency[Application]) -> Page[Provider]:
    return await list_providers(application.reader, LIST_QUERY.read(request))


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
                concurrency_max=body.concurrency_max,
            )
    kinds = ", ".join(sorted(application.base_urls))
    problem = Problem(pointer="/kind", message=f"must be one of: {kinds}")
    raise BadRequest(f"Providers of this kind cannot be connected here, only: {kinds}.", problems=(problem,))
