"""A changing request that is sent again under its `Idempotency-Key` is carried out once, and answered the same."""

import asyncio
import hashlib
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from http import HTTPStatus
from typing import Any, Final
from uuid import UUID, uuid5
from weakref import WeakValueDictionary

import msgspec
import structlog
import uuid_utils.compat
from litestar import MediaType, Request, Response

from adapters.http.authentication import context_of
from adapters.http.errors import STATUSES, IdempotencyKeyReused
from adapters.http.idempotency_key import body_digest, key_of
from domain.errors import Busy, StoreOffline, WaybillError
from domain.events import WAYBILL_NAMESPACE
from domain.idempotency import IdempotencyKeys, KeptAnswer, KeyClaim, KeyUse

REPLAYED: Final = "Idempotency-Replayed"
KEPT_SECONDS: Final = 24 * 3600.0
# Larger answers are given and not kept; no route has any.
ANSWER_BYTES_MAX: Final = 256 * 1024
# A process that was killed is waited for no longer than this; one that is at work says so in time, for at most ten minutes.
CLAIM_SECONDS: Final = 5.0
RENEW_SECONDS: Final = 1.5
RENEWALS_MAX: Final = 400
WAIT_SECONDS: Final = 30.0
# One that carries it out, one that sees whether it still does.
AT_ONCE_MAX: Final = 2
POLL_SECONDS: Final = 0.02
POLL_SECONDS_MAX: Final = 0.5

STILL_AT_IT: Final = (
    "The first request with this Idempotency-Key is still being carried out; send it again in a moment."
)
# Whose turn it is, for as long as somebody has it or waits for it.
TURNS: Final[WeakValueDictionary[tuple[UUID, bytes], asyncio.Semaphore]] = WeakValueDictionary()

log = structlog.get_logger(__name__)

# What carries the request out: given the id that what it makes shall have, if that matters.
Act = Callable[[UUID | None], Awaitable[Response[Any]]]
# From the body of an answer to what of it may be stored.
Withhold = Callable[[Any], Any]


class Answered(Response[bytes]):
    """The answer of a changing route: it comes from `answer_once` and from nowhere else."""


async def answer_once(
    request: Request[Any, Any, Any],
    keys: IdempotencyKeys,
    act: Act,
    *,
    withhold: Withhold | None = None,
    stored_refusals: tuple[type[WaybillError], ...] = (),
) -> Answered:
    """What `act` answers, or what it answered to this very request before. The body must have been read.

    Only a success is kept: what was refused may be sent again, also with another body. `stored_refusals` are those that `act` has
    stored, under the id that it was given: there the body must be the same, and so is the id. `withhold` takes out of the body
    what is said once and stored nowhere. Raises BadRequest, IdempotencyKeyReused, Busy, and what `act` raises.
    """
    key = key_of(request)
    if key is None:
        return _shown(_encoded(await act(None)))
    key_id, fingerprint = _key_id(request, key), _fingerprint(request)
    async with _in_turn(key_id, fingerprint):
        found = await _claim(keys, key_id=key_id, fingerprint=fingerprint)
        if isinstance(found, KeptAnswer):
            return _shown(found, replayed=True)
        carry_out = _carry_out(keys, found, act, withhold=withhold, stored_refusals=stored_refusals)
        return _shown(await carry_out)


@asynccontextmanager
async def _in_turn(key_id: UUID, fingerprint: bytes) -> AsyncIterator[None]:
    """Of equal requests in this process a few ask the store: a hundred at once would all wait for one row of it, and for a
    connection. Raises Busy.
    """
    turn = TURNS.setdefault((key_id, fingerprint), asyncio.Semaphore(AT_ONCE_MAX))
    try:
        async with asyncio.timeout(WAIT_SECONDS):
            await turn.acquire()
    except TimeoutError:
        raise Busy(STILL_AT_IT) from None
    try:
        yield
    finally:
        turn.release()


def _key_id(request: Request[Any, Any, Any], key: str) -> UUID:
    """Scoped to caller and route: whoever else uses the same key, or the same caller elsewhere, uses another one."""
    actor = context_of(request.scope).actor
    route = f"{request.scope['method']} {request.scope['path_template']}"
    return uuid5(WAYBILL_NAMESPACE, f"idempotency\0{actor.kind}\0{actor.id}\0{route}\0{key}")


def _fingerprint(request: Request[Any, Any, Any]) -> bytes:
    head = (request.scope["method"], request.scope["path"], request.scope["query_string"].decode("latin-1"))
    return hashlib.sha256("\0".join(head).encode() + b"\0" + body_digest(request)).digest()


async def _claim(keys: IdempotencyKeys, *, key_id: UUID, fingerprint: bytes) -> KeyClaim | KeptAnswer:
    """Waits for another one that is at it, within bounds."""
    clock = asyncio.get_running_loop().time
    pause, deadline = POLL_SECONDS, clock() + WAIT_SECONDS
    while clock() < deadline:
        found = await keys.claim(
            key_id=key_id,
            fingerprint=fingerprint,
            claim_id=uuid_utils.compat.uuid7(),
            seconds=CLAIM_SECONDS,
            kept_seconds=KEPT_SECONDS,
        )
        if found is KeyUse.OTHER_REQUEST:
            raise IdempotencyKeyReused
        if not isinstance(found, KeyUse):
            return found
        await asyncio.sleep(pause)
        pause = min(pause * 2, POLL_SECONDS_MAX)
    raise Busy(STILL_AT_IT)


async def _carry_out(
    keys: IdempotencyKeys,
    claim: KeyClaim,
    act: Act,
    *,
    withhold: Withhold | None = None,
    stored_refusals: tuple[type[WaybillError], ...] = (),
) -> KeptAnswer:
    try:
        async with _renewed(keys, claim):
            given = await act(claim.made_id)
            answer = _encoded(given)
            lasting = _encoded(given, withhold) if withhold else answer
    except Exception as error:
        await _let_go(keys, claim, unstored=_is_refusal(error) and not isinstance(error, stored_refusals))
        raise
    with _tolerated("idempotency_answer_not_kept"):
        if len(lasting.body) > ANSWER_BYTES_MAX:
            await keys.release(claim)
        else:
            await keys.keep(claim, lasting, kept_seconds=KEPT_SECONDS)
    return answer


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, WaybillError) and STATUSES[error.code][0] < HTTPStatus.INTERNAL_SERVER_ERROR


async def _let_go(keys: IdempotencyKeys, claim: KeyClaim, *, unstored: bool) -> None:
    """What left nothing behind is forgotten, unless somebody who had the claim before left something."""
    with _tolerated("idempotency_key_not_released"):
        if unstored and claim.is_first:
            await keys.forget(claim)
        else:
            await keys.release(claim)


@asynccontextmanager
async def _renewed(keys: IdempotencyKeys, claim: KeyClaim) -> AsyncIterator[None]:
    """The claim stays the caller's for as long as it is at it."""
    renewing = asyncio.create_task(_renew(keys, claim))
    try:
        yield
    finally:
        renewing.cancel()


async def _renew(keys: IdempotencyKeys, claim: KeyClaim) -> None:
    for _ in range(RENEWALS_MAX):
        await asyncio.sleep(RENEW_SECONDS)
        with suppress(StoreOffline):
            await keys.renew(claim, seconds=CLAIM_SECONDS)


@contextmanager
def _tolerated(fact: str) -> Iterator[None]:
    """Without it the request is carried out once more if it comes again, and finds what it has made."""
    try:
        yield
    except StoreOffline:
        log.warning(fact)


def _encoded(answer: Response[Any], withhold: Withhold | None = None) -> KeptAnswer:
    body = msgspec.json.encode(withhold(answer.content) if withhold else answer.content)
    return KeptAnswer(status=answer.status_code or HTTPStatus.OK, headers=answer.headers, body=body)


def _shown(answer: KeptAnswer, *, replayed: bool = False) -> Answered:
    headers = {**answer.headers, REPLAYED: "true"} if replayed else answer.headers
    return Answered(answer.body, status_code=answer.status, headers=headers, media_type=MediaType.JSON)
