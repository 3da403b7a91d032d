"""The chat actions: what was understood of what a person said, what was going to be done, and what became of it; not the words."""

from datetime import datetime
from typing import Final
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from domain.chat.events import (
    ChatCommandAccepted,
    ChatCommandConfirmed,
    ChatCommandReceived,
    ChatCommandRejected,
    ChatConfirmationAsked,
    ChatEvent,
    ChatTextErased,
)
from domain.chat.intent import Action, Intent, Language, Parser
from domain.chat.plan import Plan, StepRefused
from domain.chat.reasons import Reason
from domain.chat.state import ChatStatus
from domain.errors import Code
from domain.events import Actor, Recorded
from projections.read_model import ReadModel, members_of
from projections.rows import ImpossibleHistoryError, Rows

# Space is left in the pages because most rows change once or twice, soon after they came.
SCHEMA: Final = """
    CREATE TABLE {table} (
        id                uuid PRIMARY KEY,
        at                timestamptz NOT NULL,
        actor             jsonb       NOT NULL,
        language          text        NOT NULL,
        parser            text        NOT NULL,
        text_erased       boolean     NOT NULL,
        status            text        NOT NULL,
        intent            jsonb       NOT NULL,
        plan              jsonb       NOT NULL,
        reason            text,
        code              text,
        run_ids           uuid[]      NOT NULL,
        refusals          jsonb       NOT NULL,
        expires_at        timestamptz,
        request_id        text        NOT NULL,
        correlation_id    uuid        NOT NULL,
        position          bigint      NOT NULL,
        caller            text        NOT NULL,
        action            text        NOT NULL,
        received_position bigint      NOT NULL
    ) WITH (fillfactor = 70);
    CREATE UNIQUE INDEX ON {table} (received_position DESC);
    CREATE INDEX ON {table} (caller, received_position DESC);
    CREATE INDEX ON {table} (caller, received_position DESC) WHERE run_ids <> '{}';
    CREATE INDEX ON {table} (action, received_position DESC);
    CREATE INDEX ON {table} (status, received_position DESC) WHERE status <> 'accepted';
    CREATE INDEX ON {table} USING brin (at) WITH (autosummarize = on);
"""


class ChatActionEntry(Struct, frozen=True, kw_only=True, rename="camel"):
    """A chat action without its text. `run_ids` are the runs that came of it, and `refusals` the steps of the plan that could not
    be done. `position` is that of the newest event in it.
    """

    id: UUID
    at: datetime
    actor: Actor
    language: Language
    parser: Parser
    text_erased: bool = False
    status: ChatStatus
    intent: Intent
    plan: Plan
    reason: Reason | None = None
    code: Code | None = None
    run_ids: tuple[UUID, ...] = ()
    refusals: tuple[StepRefused, ...] = ()
    expires_at: datetime | None = None
    request_id: str
    correlation_id: UUID
    position: int


class ChatActionRow(ChatActionEntry, frozen=True, kw_only=True, rename="camel"):
    """What the lists filter and sort by comes on top. `caller` is the id of the key that said it."""

    caller: str
    action: Action
    received_position: int


def keys(recorded: Recorded) -> tuple[UUID, ...]:
    return (recorded.stream,)


def project(recorded: Recorded, rows: Rows[ChatActionRow]) -> None:
    if isinstance(recorded.event, ChatCommandReceived):
        if rows.get(recorded.stream) is not None:
            raise ImpossibleHistoryError(f"the chat action {recorded.stream} is received twice")
        rows.put(_received(recorded, recorded.event))
        return
    row = replace(rows.require(recorded.stream), position=recorded.position)
    match recorded.event:
        case ChatConfirmationAsked(expires_at=expires_at):
            rows.put(replace(row, status=ChatStatus.WAITING, expires_at=expires_at))
        case ChatCommandConfirmed():
            rows.put(replace(row, status=ChatStatus.CONFIRMED))
        case ChatCommandAccepted(run_ids=run_ids, refusals=refusals):
            rows.put(replace(row, status=ChatStatus.ACCEPTED, run_ids=run_ids, refusals=refusals))
        case ChatCommandRejected(reason=reason, code=code, refusals=refusals):
            rows.put(replace(row, status=ChatStatus.REJECTED, reason=reason, code=code, refusals=refusals))
        case ChatTextErased():
            rows.put(replace(row, text_erased=True))
        case _:
            raise ImpossibleHistoryError(f"{recorded.name} is not an event of a chat action")


def _received(recorded: Recorded, event: ChatCommandReceived) -> ChatActionRow:
    return ChatActionRow(
        id=recorded.stream,
        at=recorded.at,
        actor=recorded.actor,
        language=event.language,
        parser=event.parser,
        status=ChatStatus.RECEIVED,
        intent=event.intent,
        plan=event.plan,
        request_id=recorded.request_id,
        correlation_id=recorded.correlation_id,
        position=recorded.position,
        caller=event.caller,
        action=event.intent.action,
        received_position=recorded.position,
    )


CHAT_ACTIONS: Final = ReadModel(
    name="chat_actions",
    generation=1,
    schema=SCHEMA,
    events=members_of(ChatEvent),
    row=ChatActionRow,
    key="id",
    keys=keys,
    project=project,
)
