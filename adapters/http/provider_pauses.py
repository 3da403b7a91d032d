"""`/api/providers/{provider}/pause` and `/resume`"""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.idempotency import Answered, answer_once
from adapters.http.operations import Operation, described
from adapters.http.requests import BodyReader, NoParameters, QueryReader
from adapters.http.resources import as_stored, shown_as
from commands.pause_provider import PauseProvider, ResumeProvider
from domain.errors import Code
from domain.events import Role
from projections.providers import PROVIDERS, Provider

PAUSE_SECONDS_MAX: Final = 30 * 24 * 3600


class ProviderPause(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Without `seconds` it lasts until it is resumed."""

    seconds: Annotated[int, Meta(ge=1, le=PAUSE_SECONDS_MAX)] | None = None


BODY: Final = BodyReader(ProviderPause)
NO_QUERY: Final = QueryReader(NoParameters)


@post(
    "/providers/{provider:str}/pause",
    guards=[Requires(Role.OPERATOR)],
    opt=described(
        Operation(
            id="pauseProvider",
            summary="Send nothing more through a provider connection, for a while or until it is resumed",
            answers={200: ("The connection; what is asked of it waits, and a call under way goes on.", Provider)},
            body=ProviderPause,
            example={"seconds": 600},
            body_optional=True,
            located=False,
            refuses=(Code.NOT_FOUND_PROVIDER, Code.CONFLICT_BUSY),
        )
    ),
)
async def pause_provider(
    request: Request[Any, Any, Any], provider: FromPath[str], application: NamedDependency[Application]
) -> Answered:
    NO_QUERY.read(request)
    body = await BODY.read_if_any(request) or ProviderPause()

    async def act(_: UUID | None) -> Response[Provider]:
        command = PauseProvider(provider=provider, seconds=body.seconds)
        return await _stored(application, await application.pause_provider(command, context_of(request.scope)))

    return await answer_once(request, application.idempotency_keys, act)


@post(
    "/providers/{provider:str}/resume",
    guards=[Requires(Role.OPERATOR)],
    opt=described(
        Operation(
            id="resumeProvider",
            summary="End the pause of a provider connection, whoever began it",
            answers={200: ("The connection.", Provider)},
            located=False,
            refuses=(Code.NOT_FOUND_PROVIDER, Code.CONFLICT_BUSY),
        )
    ),
)
async def resume_provider(
    request: Request[Any, Any, Any], provider: FromPath[str], application: NamedDependency[Application]
) -> Answered:
    NO_QUERY.read(request)

    async def act(_: UUID | None) -> Response[Provider]:
        command = ResumeProvider(provider=provider)
        return await _stored(application, await application.resume_provider(command, context_of(request.scope)))

    return await answer_once(request, application.idempotency_keys, act)


async def _stored(application: Application, provider_id: UUID) -> Response[Provider]:
    row = as_stored(PROVIDERS, await application.store.load(provider_id))
    return Response(shown_as(Provider, row), status_code=200)
