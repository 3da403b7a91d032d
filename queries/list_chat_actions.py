"""The chat actions, the newest first, by who said what kind of thing and what became of it."""

from typing import Final

from domain.chat.intent import Action
from domain.chat.state import ChatStatus
from domain.chat.texts import ChatTexts
from domain.events import Actor
from projections.chat_actions import CHAT_ACTIONS
from queries.chat_action_view import ChatAction, PlacedChatAction, with_texts
from queries.filtering import Filters, Moment, Text
from queries.paging import Page, PageQuery, decode_cursor, page
from queries.reading import Reader, is_stale

SQL: Final = "SELECT {columns} FROM {table} WHERE {where} ORDER BY received_position DESC LIMIT %(limit)s"


class ListChatActions(PageQuery, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`actor` is the id of a key. Of several values of one filter any will do. `since` is included, `until` is not."""

    actor: tuple[Text, ...] = ()
    action: tuple[Action, ...] = ()
    status: tuple[ChatStatus, ...] = ()
    since: Moment | None = None
    until: Moment | None = None


async def list_chat_actions(
    reader: Reader, texts: ChatTexts, query: ListChatActions, *, seen_by: Actor
) -> Page[ChatAction]:
    """Raises BadRequest."""
    filters = _filters(query)
    stale = await is_stale(reader, CHAT_ACTIONS, query.min_position)
    rows = await reader.fetch(CHAT_ACTIONS, filters.into(SQL), filters.values(limit=query.limit + 1), PlacedChatAction)
    placed = page(rows, limit=query.limit, key=lambda row: row.received_position, stale=stale)
    items = await with_texts(texts, placed.items, seen_by=seen_by)
    return Page(items=items, next_cursor=placed.next_cursor, stale=stale)


def _filters(query: ListChatActions) -> Filters:
    filters = Filters()
    filters.add_any_of("caller", query.actor)
    filters.add_any_of("action", query.action)
    filters.add_any_of("status", query.status)
    filters.add_times("at", since=query.since, until=query.until)
    filters.add_given(
        "received_position < %(before)s", before=decode_cursor(query.cursor, int) if query.cursor else None
    )
    return filters
