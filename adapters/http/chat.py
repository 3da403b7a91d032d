"""`/api/chat-ops`: what a person says, and what becomes of it."""

from typing import Annotated, Any, Final
from uuid import UUID

from litestar import Request, Response, post
from litestar.di import NamedDependency
from msgspec import Meta, Struct

from adapters.http.application import Application
from adapters.http.authentication import Requires, context_of
from adapters.http.idempotency import Answered, answer_once
from adapters.http.operations import Operation, described
from adapters.http.requests import BodyReader, NoParameters, QueryReader
from adapters.http.resources import ChatAnswer, ChatConfirmation
from commands.converse import Converse, Conversed
from domain.chat.said import MESSAGE_CHARS_MAX
from domain.errors import Code, Forbidden
from domain.events import Role

TOKEN_CHARS_MAX: Final = 200
# For those who generate requests; whoever is refused gets the command's words.
NOT_BLANK: Final = {"minLength": 1, "maxLength": MESSAGE_CHARS_MAX, "pattern": r"^[^\u0000]*\S[^\u0000]*$"}


class ChatMessage(Struct, frozen=True, kw_only=True, rename="camel", forbid_unknown_fields=True):
    """`confirm` is the token of what is meant; a message beside it says yes or no. With `dry_run` nothing is done or stored."""

    message: Annotated[str, Meta(extra_json_schema=NOT_BLANK)] | None = None
    dry_run: bool = False
    confirm: Annotated[str, Meta(min_length=1, max_length=TOKEN_CHARS_MAX)] | None = None


BODY: Final = BodyReader(ChatMessage)
NO_QUERY: Final = QueryReader(NoParameters)


@post(
    "/chat-ops",
    guards=[Requires(Role.OPERATOR)],
    opt=described(
        Operation(
            id="chat",
            summary="Say what is wanted, in Korean or English",
            description=(
                "What cannot be done, or is not understood, is an answer too: `accepted` is false, and `reason` and `reply` say why. "
                "What needs a confirmation comes with the plan and a token; the token sent as `confirm` within ten minutes, by "
                "the same key, carries out that plan and nothing else. A message beside it says yes or no."
            ),
            answers={
                200: (
                    "What was understood and what became of it, with a reply in the language of the message.",
                    ChatAnswer,
                )
            },
            body=ChatMessage,
            example={"message": "openai에 kbo-results 설치해줘"},
            located=False,
            refuses=(Code.CONFLICT_BUSY,),
        )
    ),
)
async def converse(request: Request[Any, Any, Any], application: NamedDependency[Application]) -> Answered:
    NO_QUERY.read(request)
    body = await BODY.read(request)

    async def act(action_id: UUID | None) -> Response[ChatAnswer]:
        command = Converse(message=body.message, dry_run=body.dry_run, confirm=body.confirm, action_id=action_id)
        conversed = await application.converse(command, context_of(request.scope))
        return Response(shown(conversed), status_code=200)

    # The whole answer is kept, with a token that is in it: whoever lost it could not say yes otherwise. The token opens nothing. It
    # proves that its holder has read the plan, for ten minutes, and only beside the key of the caller, who could ask for another.
    return await answer_once(request, application.idempotency_keys, act, stored_refusals=(Forbidden,))


def shown(conversed: Conversed) -> ChatAnswer:
    outcome = conversed.outcome
    return ChatAnswer(
        accepted=outcome.accepted,
        reason=outcome.reason,
        intent=outcome.intent,
        run_ids=conversed.run_ids,
        reply=conversed.reply,
        confirmation=_confirmation(conversed),
        chat_action_id=conversed.action_id,
        parser=outcome.parser,
        language=outcome.language,
        candidates=outcome.candidates,
        skipped=outcome.plan.skipped,
        refusals=outcome.refusals,
    )


def _confirmation(conversed: Conversed) -> ChatConfirmation | None:
    token, expires_at, plan = conversed.token, conversed.outcome.expires_at, conversed.plan_words
    if token is None or expires_at is None or plan is None:
        return None
    return ChatConfirmation(token=token, expires_at=expires_at, plan=plan)
