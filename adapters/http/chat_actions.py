"""`/api/chat-actions`: what was said, by whom, and what became of it."""

from typing import Any, Final
from uuid import UUID

from litestar import Request, Response, delete, get
from litestar.di import NamedDependency
from litestar.params import FromPath

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.operations import Operation, described
from adapters.http.pages import LINK, answer_page
from adapters.http.requests import NoParameters, Position, QueryReader
from adapters.http.resources import ChatActionAnswer, as_stored, shown_as
from commands.erase_chat_text import EraseChatText
from domain.errors import ChatActionNotFound, Code
from domain.events import Role
from projections.chat_actions import CHAT_ACTIONS
from queries.chat_action_view import ChatAction
from queries.get_chat_action import GetChatAction, get_chat_action
from queries.list_chat_actions import ListChatActions, list_chat_actions
from queries.paging import Page

NO_QUERY: Final = QueryReader(NoParameters)
LIST_QUERY: Final = QueryReader(ListChatActions)
ONE_QUERY: Final = QueryReader(Position)
OF_WHOM: Final = "`text` is shown to whoever said it and to admins, and null to everybody else."


@get(
    "/chat-actions",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="listChatActions",
            summary="What was said, the newest first",
            description=OF_WHOM,
            answers={200: ("A page of chat actions.", Page[ChatAction])},
            parameters=ListChatActions,
            gives=(LINK,),
        )
    ),
)
async def show_chat_actions(
    request: Request[Any, Any, Any], application: NamedDependency[Application]
) -> Response[Page[ChatAction]]:
    asked, seen_by = LIST_QUERY.read(request), context_of(request.scope).actor

    async def read(query: ListChatActions) -> Page[ChatAction]:
        return await list_chat_actions(application.reader, application.chat_texts, query, seen_by=seen_by)

    return await answer_page(request, application.cursors, asked, read)


@get(
    "/chat-actions/{chat_action:str}",
    guards=[Requires(Role.VIEWER)],
    opt=described(
        Operation(
            id="getChatAction",
            summary="One chat action: what was understood, what was to be done, and what became of it",
            description=OF_WHOM,
            answers={200: ("The chat action.", ChatActionAnswer)},
            parameters=Position,
            refuses=(Code.NOT_FOUND_CHAT_ACTION,),
        )
    ),
)
async def show_chat_action(
    request: Request[Any, Any, Any], chat_action: FromPath[str], application: NamedDependency[Application]
) -> ChatActionAnswer:
    min_position = ONE_QUERY.read(request).min_position
    seen_by = context_of(request.scope).actor
    query = GetChatAction(action_id=_id_of(chat_action), seen_by=seen_by, min_position=min_position)
    answer = await get_chat_action(application.reader, application.chat_texts, query)
    return shown_as(ChatActionAnswer, answer.item, stale=answer.stale)


@delete(
    "/chat-actions/{chat_action:str}/text",
    guards=[Requires(Role.OPERATOR)],
    status_code=200,
    opt=described(
        Operation(
            id="eraseChatText",
            summary="Erase what was said; what was understood and done stays",
            description="Whoever said it may, and admins.",
            answers={200: ("The chat action, without its text; also if that was erased before.", ChatAction)},
            refuses=(Code.NOT_FOUND_CHAT_ACTION, Code.CONFLICT_BUSY),
        )
    ),
)
async def erase_chat_text(
    request: Request[Any, Any, Any], chat_action: FromPath[str], application: NamedDependency[Application]
) -> ChatAction:
    NO_QUERY.read(request)
    command = EraseChatText(action_id=_id_of(chat_action))
    action_id = await application.erase_chat_text(command, context_of(request.scope))
    return shown_as(ChatAction, as_stored(CHAT_ACTIONS, await application.store.load(action_id)), text=None)


def _id_of(text: str) -> UUID:
    """Raises ChatActionNotFound."""
    try:
        return UUID(text)
    except ValueError:
        raise ChatActionNotFound(f"{text} is not the id of a chat action.") from None
