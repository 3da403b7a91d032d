"""Pages of lists: a bounded number of items, and a cursor to what follows them."""

from collections.abc import Callable, Sequence
from typing import Annotated, Final, Generic, TypeVar

import msgspec
from msgspec import Meta, Struct

from domain.errors import BadRequest, Problem
from projections.rows import Row

LIMIT: Final = 50
LIMIT_MAX: Final = 200
CURSOR_CHARS_MAX: Final = 200
# As many as the store can count.
POSITION_MAX: Final = 2**63 - 1

Cursor = Annotated[str, Meta(min_length=1, max_length=CURSOR_CHARS_MAX)]

Key = TypeVar("Key")
Shown = TypeVar("Shown", bound=Struct)
Placed = TypeVar("Placed", bound=Struct)


class PageQuery(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """What every list may be asked: which page, and not to answer before a position."""

    cursor: Cursor | None = None
    limit: Annotated[int, Meta(ge=1, le=LIMIT_MAX)] = LIMIT
    min_position: Annotated[int, Meta(ge=0, le=POSITION_MAX)] | None = None


class Page(Struct, Generic[Row], frozen=True, kw_only=True, rename="camel"):
    """`next_cursor` is None on the last page. `stale`: the read model had not come as far as the events."""

    items: tuple[Row, ...]
    next_cursor: str | None
    stale: bool


def page(rows: Sequence[Row], *, limit: int, key: Callable[[Row], object], stale: bool) -> Page[Row]:
    """A page of `limit` items; `rows` are those and one more, if there is one more.

    `key` is the item's place in the order, which never changes, so that a page follows the one before whatever became of its
    items meanwhile.
    """
    items = tuple(rows[:limit])
    more = len(rows) > limit
    return Page(items=items, next_cursor=encode_cursor(key(items[-1])) if more else None, stale=stale)


def page_of(
    kind: type[Shown], rows: Sequence[Placed], *, limit: int, key: Callable[[Placed], object], stale: bool
) -> Page[Shown]:
    """`page`, and its items without what they are sorted by: `rows` are of a struct that has that on top of `kind`."""
    sorted_page = page(rows, limit=limit, key=key, stale=stale)
    names = kind.__struct_fields__
    items = tuple(kind(**{name: getattr(item, name) for name in names}) for item in sorted_page.items)
    return Page(items=items, next_cursor=sorted_page.next_cursor, stale=stale)


def encode_cursor(key: object) -> str:
    return msgspec.json.encode(key).decode()


def decode_cursor(cursor: str, key: type[Key]) -> Key:
    """Raises BadRequest for a cursor that no list of this kind gave out."""
    try:
        return msgspec.json.decode(cursor, type=key)
    except ValueError:
        problem = Problem(pointer="?cursor", message="must be the nextCursor of a page of this list")
        raise BadRequest("The cursor is not one that this list gave out.", problems=(problem,)) from None
