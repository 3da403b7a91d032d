"""`/api/keys`"""

from datetime import datetime
from typing import Annotated, Any, Final
from uuid import UUID

import uuid_utils.compat
from litestar import Request, Response, delete, get, post
from litestar.di import NamedDependency
from litestar.params import FromPath
from msgspec import Meta, Struct
from msgspec.structs import replace

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.idempotency import Answered, answer_once
from adapters.http.operations import Operation, described
from adapters.http.pages import LINK, answer_page
from adapters.http.requests import BodyReader, NoParameters, Position, QueryReader
from adapters.http.resources import ApiKeyAnswer, IssuedApiKey, as_stored, shown_as
from commands.issue_api_key import IssueApiKey
from commands.revoke_api_key import RevokeApiKey
from domain.access.decisions import LIFETIME_MAX
from domain.access.key import NAME_CHARS_MAX, NAME_PATTERN, key_id_from
from domain.access.state import key_stream
from domain.errors import BadRequest, Code, Problem
from domain.events import Role
from projections.api_keys import API_KEYS
from queries.api_key_view import ApiKey, KeyStatus, last_use
from queries.get_api_key import GetApiKey, get_api_key
from queries.list_api_keys import ListApiKeys, list_api_keys
from queries.paging import Page

LIFETIME_SECONDS_MIN: Final = 60
LIFETIME_SECONDS_MAX: Final = LIFETIME_MAX.days * 24 * 3600

# The pattern is for those who generate requests; whoever is refused gets the domain's words.
KeyName = Annotated[str, Meta(min_length=1, max_length=NAME_CHARS_MAX, extra_json_schema={"pattern": NAME_PATTERN})]
Lifetime = Annotated[int, Meta(ge=LIFETIME_SECONDS_MIN, le=LIFETIME_SECONDS_MAX)]


class NewApiKey(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """Valid until it is revoked, unless one of the two says how long."""

    name: KeyName
    role: Role
    expires_at: Annotated[datetime, Meta(tz=True)] | None = None
    expires_in_seconds: Lifetime | None = None


BODY: Final = BodyReader(NewApiKey)
NO_QUERY: Final = QueryReader(NoParameters)
LIST_QUERY: Final = QueryReader(ListApiKeys)
ONE_QUERY: Final = QueryReader(Position)


@post(
    "/keys",
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="issueApiKey",
            summary="Issue an API key",
            answers={201: ("The key, with its text, which is shown here and never again.", IssuedApiKey)},
            body=NewApiKey,
            example={"name": "CI", "role": "operator", "expiresInSeconds": 7_776_000},
        )
    ),
)
async def issue_api_key(request: Request[Any, Any, Any], application: NamedDependency[Application]) -> Answered:
    NO_QUERY.read(request)
    body = _checked(await BODY.read(request))

    async def act(made_id: UUID | None) -> Response[IssuedApiKey]:
        key_id = key_id_from(made_id or uuid_utils.compat.uuid7())
        command = IssueApiKey(
            key_id=key_id,
            name=body.name,
            role=body.role,
            expires_at=body.expires_at,
            expires_in_seconds=body.expires_in_seconds,
        )
        key = await application.issue_api_key(command, context_of(request.scope))
        return Response(
            shown_as(IssuedApiKey, await _issued(application, key_id, anew=key is not None), key=key),
            status_code=201,
            headers={"Location": f"/api/keys/{key_id}"},
        )

    return await answer_once(request, application.idempotency_keys, act, withhold=without_secret)


@get(
    "/keys",
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="listApiKeys",
            summary="The API keys, the newest first",
            answers={200: ("A page of keys, revoked and expired ones too.", Page[ApiKey])},
            parameters=ListApiKeys,
            gives=(LINK,),
        )
    ),
)
async def show_api_keys(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[Page[ApiKey]]:
    asked = LIST_QUERY.read(request)
    return await answer_page(
        request, application.cursors, asked, lambda query: list_api_keys(application.reader, query)
    )


@get(
    "/keys/{key:str}",
    guards=[Requires(Role.ADMIN)],
    opt=described(
        Operation(
            id="getApiKey",
            summary="One API key, by its id",
            answers={200: ("The key.", ApiKeyAnswer)},
            parameters=Position,
            refuses=(Code.NOT_FOUND_KEY,),
        )
    ),
)
async def show_api_key(
    request: Request[Any, Any, Any], key: FromPath[str], application: NamedDependency[Application]
) -> ApiKeyAnswer:
    query = GetApiKey(key_id=key, min_position=ONE_QUERY.read(request).min_position)
    answer = await get_api_key(application.reader, query)
    return shown_as(ApiKeyAnswer, answer.item, stale=answer.stale)


@delete(
    "/keys/{key:str}",
    guards=[Requires(Role.ADMIN)],
    status_code=200,
    opt=described(
        Operation(
            id="revokeApiKey",
            summary="Revoke an API key: within a second it opens nothing any more",
            answers={200: ("The key; also if it was revoked before.", ApiKey)},
            refuses=(Code.NOT_FOUND_KEY, Code.CONFLICT_KEY, Code.CONFLICT_BUSY),
        )
    ),
)
async def revoke_api_key(
    request: Request[Any, Any, Any], key: FromPath[str], application: NamedDependency[Application]
) -> ApiKey:
    NO_QUERY.read(request)
    await application.revoke_api_key(RevokeApiKey(key_id=key), context_of(request.scope))
    row = as_stored(API_KEYS, await application.store.load(key_stream(key)))
    used_at = await last_use(application.reader, key)
    return shown_as(ApiKey, row, status=KeyStatus.REVOKED, last_used_at=used_at)


def without_secret(answer: IssuedApiKey) -> IssuedApiKey:
    """What is kept of the answer: who sends the request again gets the key, but not what opens anything."""
    return replace(answer, key=None)


async def _issued(application: Application, key_id: str, *, anew: bool) -> ApiKey:
    """The first try may have been long ago, and much may have become of the key since."""
    if not anew:
        return (await get_api_key(application.reader, GetApiKey(key_id=key_id))).item
    row = as_stored(API_KEYS, await application.store.load(key_stream(key_id)))
    return shown_as(ApiKey, row, status=KeyStatus.ACTIVE, last_used_at=None)


def _checked(body: NewApiKey) -> NewApiKey:
    if body.expires_at is not None and body.expires_in_seconds is not None:
        problem = Problem(pointer="/expiresInSeconds", message="cannot be given beside expiresAt")
        raise BadRequest("Say when it expires or after how long, but not both.", problems=(problem,))
    return body
