"""Pages of lists as callers get them: a signed cursor that belongs to one list and its filters, and a link to what follows."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Awaitable, Callable, Sequence
from functools import cache
from typing import Any, Final, TypeVar
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from litestar import Request, Response
from msgspec import Struct, structs

from adapters.http.operations import Header
from domain.errors import BadRequest, Problem
from projections.rows import Row
from queries.paging import Page, PageQuery

# Half of a SHA-256, which RFC 2104 calls enough.
SIGNATURE_BYTES: Final = 16
# Keys that do something else besides must not be told by what is signed here.
PURPOSE: Final = b"waybill: cursors of lists"
# What says where a page begins and how much it holds, but not what is listed.
PAGING: Final = frozenset({"cursor", "limit", "min_position"})
LINK: Final = Header(
    name="Link",
    description='On every page but the last: `<...>; rel="next"`, the same request with the `nextCursor` of this page.',
)

Asked = TypeVar("Asked", bound=PageQuery)


class Cursors:
    """Signs cursors, so that callers can only ask for what they were given, and for the list that it was given for."""

    def __init__(self, keys: Callable[[], Sequence[str]]) -> None:
        """`keys` says the keys as they are now, the newest first: that one signs, all are taken, so that walks outlast a rotation."""
        self._keys = keys

    def sign(self, cursor: str, *, of: bytes) -> str:
        """`of` is what `listed` says of the list."""
        signature = _signature(self._keys()[0], cursor.encode(), of)
        return urlsafe_b64encode(signature + cursor.encode()).decode().rstrip("=")

    def open(self, signed: str, *, of: bytes) -> str:
        """What was signed. Raises BadRequest for a cursor that was not given out for this list."""
        try:
            content = urlsafe_b64decode(signed + "=" * (-len(signed) % 4))
        except ValueError:
            raise _foreign() from None
        signature, cursor = content[:SIGNATURE_BYTES], content[SIGNATURE_BYTES:]
        # The decoder passes over what is not base64, so a cursor has to be what it says when it is written again.
        if urlsafe_b64encode(content).decode().rstrip("=") != signed:
            raise _foreign()
        if not any(hmac.compare_digest(signature, _signature(key, cursor, of)) for key in self._keys()):
            raise _foreign()
        return cursor.decode()


def listed(path: str, filters: Struct) -> bytes:
    """Which list it is, and what of it: the same for filters that mean the same, however they were written."""
    given = {}
    for field in _filters(type(filters)):
        value = getattr(filters, field.name)
        if value != field.default:
            given[field.encode_name] = sorted({*map(str, value)}) if isinstance(value, tuple) else value
    return msgspec.json.encode((path, given), order="sorted")


async def answer_page(
    request: Request[Any, Any, Any],
    cursors: Cursors,
    asked: Asked,
    read: Callable[[Asked], Awaitable[Page[Row]]],
) -> Response[Page[Row]]:
    """What `read` gives for what was asked, with cursors that callers can be trusted with. Raises BadRequest."""
    of = listed(request.scope["path"], asked)
    if asked.cursor is not None:
        asked = structs.replace(asked, cursor=cursors.open(asked.cursor, of=of))
    page = await read(asked)
    if page.next_cursor is None:
        return Response(page)
    following = cursors.sign(page.next_cursor, of=of)
    return Response(structs.replace(page, next_cursor=following), headers={"Link": _link(request, following)})


@cache
def _filters(kind: type[Struct]) -> tuple[structs.FieldInfo, ...]:
    return tuple(field for field in structs.fields(kind) if field.name not in PAGING)


def _link(request: Request[Any, Any, Any], cursor: str) -> str:
    """By path and query, as it may be another host by which the caller knows this server."""
    parameters = parse_qsl(request.scope["query_string"].decode("latin-1"), keep_blank_values=True)
    following = [(name, value) for name, value in parameters if name != "cursor"]
    return f'<{quote(request.scope["path"])}?{urlencode([*following, ("cursor", cursor)])}>; rel="next"'


def _signature(key: str, cursor: bytes, of: bytes) -> bytes:
    derived = hmac.digest(key.encode(), PURPOSE, hashlib.sha256)
    # The digest has one length, so that nothing of the list can pass for something of the cursor.
    message = hashlib.sha256(of).digest() + cursor
    return hmac.digest(derived, message, hashlib.sha256)[:SIGNATURE_BYTES]


def _foreign() -> BadRequest:
    problem = Problem(
        pointer="?cursor", message="must be the nextCursor of a page of this list, under the same filters"
    )
    return BadRequest("The cursor is not one that this list gave out, or not under these filters.", problems=(problem,))
