"""Who calls: whatever is not open to everybody needs a key, and each route the role that it states; denials are written down."""

from collections.abc import Callable, Mapping
from typing import Any, Final, Protocol, cast

from litestar.connection import ASGIConnection
from litestar.enums import ScopeType
from litestar.handlers import BaseRouteHandler
from litestar.types import ASGIApp, HTTPScope, Message, Receive, Scope, Send

from adapters.http.denials import Denials
from adapters.http.errors import STATUSES, bearer_of, printable, send_error
from adapters.http.key_checks import KeyChecks
from adapters.http.rate_limits import RateLimit, Refusals
from adapters.http.tracing import trace_of
from commands.record_denial import RecordDenial
from domain.errors import Code, Forbidden, Unauthorized, WaybillError
from domain.events import Actor, Context, Role

STATE_KEY: Final = "waybill_actor"
DENIALS: Final[Mapping[int, Code]] = {STATUSES[code][0]: code for code in (Code.UNAUTHORIZED, Code.FORBIDDEN)}
TOO_MANY: Final = STATUSES[Code.RATE_LIMIT][0]


class Authenticator(Protocol):
    async def __call__(self, text: str | None, /) -> Actor:
        """The holder of the key. Raises Unauthorized, StoreOffline."""
        ...


class Authentication:
    """Stands before the router, so that what does not exist under `/api` is not told apart from what does without a key."""

    def __init__(
        self,
        app: ASGIApp,
        *,
        keys: KeyChecks,
        rate: RateLimit | None,
        denials: Denials,
        is_guarded: Callable[[str], bool],
    ) -> None:
        """`rate` is that of each key; `is_guarded` tells whether a path needs one."""
        self._app = app
        self._keys = keys
        self._rate = rate
        self._denials = denials
        self._refusals = Refusals()
        self._is_guarded = is_guarded

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != ScopeType.HTTP or not self._is_guarded(scope["path"]):
            await self._app(scope, receive, send)
            return
        path = scope["path"]  # as it came: the router rewrites it
        limit: list[tuple[bytes, bytes]] = []

        async def watched(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] in DENIALS:
                    self._note(scope, path=path, code=DENIALS[message["status"]])
                elif message["status"] == TOO_MANY:
                    self._refusals.note(_source(scope))
                message["headers"] = [*message["headers"], *limit]
            await send(message)

        try:
            actor = await self._keys.holder(bearer_of(scope), address=address_of(scope))
            scope["state"][STATE_KEY] = actor
            if self._rate is not None:
                left = self._rate.spend(actor.id)
                limit.append((b"ratelimit", f'"{self._rate.name}";r={left}'.encode()))
        except WaybillError as error:
            await send_error(error, scope, watched)
            return
        await self._app(scope, receive, watched)

    def _note(self, scope: HTTPScope, *, path: str, code: Code) -> None:
        source = _source(scope)
        actor = actor_of(scope) or Actor(kind="anonymous", id=source, name="unknown caller")
        denial = RecordDenial(source=source, code=code, method=scope["method"], path=printable(path))
        self._denials.note(denial, _context(scope, actor))


class Requires:
    """A route's guard: the caller has this role, or one that includes it."""

    def __init__(self, role: Role) -> None:
        self.role = role

    async def __call__(self, connection: ASGIConnection[Any, Any, Any, Any], _: BaseRouteHandler) -> None:
        """It is async because Litestar would run it in a thread otherwise."""
        actor = actor_of(connection.scope)
        if actor is None:
            raise Unauthorized
        require_role(actor, self.role)


def require_role(actor: Actor, role: Role) -> None:
    """Raises Forbidden for a caller that has neither this role nor one that includes it."""
    if actor.role is None or not actor.role.includes(role):
        raise Forbidden(
            f"This needs the role {role}; the key {actor.id} has the role {actor.role}.",
            extra={"requiredRole": role},
        )


def actor_of(scope: Scope) -> Actor | None:
    return cast("Actor | None", scope["state"].get(STATE_KEY))


def address_of(scope: HTTPScope) -> str:
    client = scope.get("client")
    return printable(client[0]) if client else "unknown"


def context_of(scope: Scope) -> Context:
    """What every event that this request leads to carries. Raises Unauthorized."""
    actor = actor_of(scope)
    if actor is None:
        raise Unauthorized
    return _context(scope, actor)


def _source(scope: HTTPScope) -> str:
    """Whom a refusal is counted for: the key, or the address of who has none."""
    actor = actor_of(scope)
    return actor.id if actor else address_of(scope)


def _context(scope: Scope, actor: Actor) -> Context:
    trace = trace_of(scope)
    return Context(actor=actor, request_id=trace.request_id, correlation_id=trace.correlation_id)
