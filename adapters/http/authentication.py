"""Who calls: everything under `/api` needs a key, and each route the role that it states; denials are written down."""

from collections.abc import Mapping
from typing import Any, Final, Protocol, cast

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send
from litestar.utils import normalize_path

from adapters.http.denials import Denials
from adapters.http.errors import STATUSES, printable, send_error
from adapters.http.tracing import trace_of
from commands.record_denial import RecordDenial
from domain.errors import Code, Forbidden, Unauthorized, WaybillError
from domain.events import Actor, Context, Role

PREFIX: Final = "/api"
STATE_KEY: Final = "waybill_actor"
DENIALS: Final[Mapping[int, Code]] = {STATUSES[code][0]: code for code in (Code.UNAUTHORIZED, Code.FORBIDDEN)}


class Authenticator(Protocol):
    async def __call__(self, text: str | None, /) -> Actor:
        """The holder of the key. Raises Unauthorized, StoreOffline."""
        ...


class Authentication:
    """Stands before the router, so that what does not exist under `/api` is not told apart from what does without a key."""

    def __init__(self, app: ASGIApp, *, authenticate: Authenticator, denials: Denials) -> None:
        self._app = app
        self._authenticate = authenticate
        self._denials = denials

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not _is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        path = scope["path"]  # as it came: the router rewrites it

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start" and message["status"] in DENIALS:
                self._note(scope, path=path, code=DENIALS[message["status"]])
            await send(message)

        try:
            scope["state"][STATE_KEY] = await self._authenticate(_bearer(scope))
        except WaybillError as error:
            await send_error(error, scope, watched)
            return
        await self._app(scope, receive, watched)

    def _note(self, scope: HTTPScope, *, path: str, code: Code) -> None:
        client = scope.get("client")
        address = client[0] if client else "unknown"
        actor = actor_of(scope)
        denial = RecordDenial(
            source=actor.id if actor else address, code=code, method=scope["method"], path=printable(path)
        )
        self._denials.note(denial, _context(scope, actor or Actor(kind="anonymous", id=address, name="unknown caller")))


class Requires:
    """A route's guard: the caller has this role, or one that includes it."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """It is async because Litestar would run it in a thread otherwise."""
        actor = actor_of(connection.scope)
        if actor is None:
            raise Unauthorized
        if actor.role is None or not actor.role.includes(self.role):
            raise Forbidden(f"This needs the role {self.role}; the key {actor.id} has the role {actor.role}.")


def actor_of(scope: Scope) -> Actor | None:
    return cast("Actor | None", scope["state"].get(STATE_KEY))


def context_of(scope: Scope) -> Context:
    """What every event that this request leads to carries. Raises Unauthorized."""
    actor = actor_of(scope)
    if actor is None:
        raise Unauthorized
    return _context(scope, actor)


def _context(scope: Scope, actor: Actor) -> Context:
    trace = trace_of(scope)
    return Context(actor=actor, request_id=trace.request_id, correlation_id=trace.correlation_id)


def _is_guarded(path: str) -> bool:
    """The router treats `//api/` as `/api`, so this does too."""
    normalised = normalize_path(path)
    return normalised == PREFIX or normalised.startswith(f"{PREFIX}/")


def _bearer(scope: HTTPScope) -> str | None:
    for name, value in scope["headers"]:
        if name == b"authorization":
            scheme, _, token = value.decode("latin-1").partition(" ")
            return token.strip() if scheme.lower() == "bearer" else None
    return None
