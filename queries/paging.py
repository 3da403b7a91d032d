"""Pages of lists: a bounded number of items, and an opaque cursor to what follows them."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from domain.errors import BadRequest, Problem
from projections.rows import Row

LIMIT: Final = 50
LIMIT_MAX: Final = 200

Key = TypeVar("Key")


class PageQuery(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What every list may be asked: which page, and not to answer before a position."""

    cursor: str | None = None
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = LIMIT
    min_position: Annotated[int, Meta(ge=0)] | None = None


class Page(Struct, Generic[Row], frozen=True, kw_only=True, rename="camel"):
    """`next_cursor` is None on the last page. `stale`: the read model had not come as far as the events."""

    items: tuple[Row, ...]
    next_cursor: str | None
    stale: bool


def page(rows: Sequence[Row], *, limit: int, key: Callable[[Row], object], stale: bool) -> Page[Row]:
    """A page of `limit` items; `rows` are those and one more, if there is one more."""
    items = tuple(rows[:limit])
    more = len(rows) > limit
    return Page(items=items, next_cursor=encode_cursor(key(items[-1])) if more else None, stale=stale)


def encode_cursor(key: object) -> str:
    return urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str, key: type[Key]) -> Key:
    """Raises BadRequest for a cursor that this list did not give out."""
    try:
        return msgspec.json.decode(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), type=key)
    except (binascii.Error, ValueError):
        problem = Problem(pointer="?cursor", message="must be the nextCursor of a page of this list")
        raise BadRequest("The cursor is not one that this list gave out.", problems=(problem,)) from None
