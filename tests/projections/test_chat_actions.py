from random import Random

import msgspec
import pytest

from domain.chat.decisions import CONFIRMATION_LASTS
from domain.chat.events import ChatCommandAccepted, ChatEvent
from domain.chat.intent import Action, Language
from domain.chat.plan import StepRefused
from domain.chat.reasons import Reason
from domain.chat.state import CHAT_ACTION, ChatStatus
from domain.errors import Code
from projections.chat_actions import CHAT_ACTIONS, ChatActionEntry, ChatActionRow
from projections.rows import ImpossibleHistoryError
from tests.kit.facts import NOON
from tests.kit.projection_spec import History, given
from tests.projections.stories import SKILL, Story
from tests.projections.story_chats import ANNA, PLAN, RECEIVED, TOKEN, Chats


def test_what_was_received_says_who_said_it_and_what_is_going_to_be_done() -> None:
    story = Story()
    story.publish()
    action_id = Chats(story).say()
    received = story.events[-1]
    assert given(story).rows(CHAT_ACTIONS) == [
        ChatActionRow(
            id=action_id,
            at=received.at,
            actor=ANNA,
            language=Language.KOREAN,
            parser="grammar",
            text_erased=False,
            status=ChatStatus.RECEIVED,
            intent=RECEIVED.intent,
            plan=PLAN,
            reason=None,
            code=None,
            run_ids=(),
            refusals=(),
            expires_at=None,
            request_id=received.request_id,
            correlation_id=received.correlation_id,
            position=3,
            caller="anna",
            action=Action.INSTALL,
            received_position=3,
        )
    ]


def test_it_is_followed_to_its_end_and_keeps_its_place() -> None:
    story = Story()
    chats = Chats(story)
    action_id = chats.say(asks=True)
    chats.say()

    def row() -> ChatActionRow:
        return given(story).rows(CHAT_ACTIONS)[0]

    assert (row().status, row().expires_at, row().position) == (ChatStatus.WAITING, NOON + CONFIRMATION_LASTS, 2)
    chats.confirm(action_id)
    assert (row().status, row().run_ids, row().position) == (ChatStatus.CONFIRMED, (), 4)
    chats.accept(action_id)
    accepted = row()
    assert (accepted.status, accepted.position, accepted.received_position) == (ChatStatus.ACCEPTED, 5, 1)
    assert len(accepted.run_ids) == 1
    assert accepted.refusals == (StepRefused(step=0, code=Code.CONFLICT_SKILL),)
    assert accepted.at == story.events[0].at


def test_a_refusal_says_why() -> None:
    story = Story()
    chats = Chats(story)
    refused, declined = chats.say(), chats.say(asks=True)
    chats.reject(refused, Reason.SKILL_ARCHIVED, Code.CONFLICT_SKILL)
    chats.reject(declined, Reason.DECLINED)
    assert [(row.status, row.reason, row.code) for row in given(story).rows(CHAT_ACTIONS)] == [
        (ChatStatus.REJECTED, Reason.SKILL_ARCHIVED, Code.CONFLICT_SKILL),
        (ChatStatus.REJECTED, Reason.DECLINED, None),
    ]


def test_an_erased_text_is_said_to_be_erased_and_nothing_else_changes() -> None:
    story = Story()
    chats = Chats(story)
    action_id = chats.say()
    (before,) = given(story).rows(CHAT_ACTIONS)
    chats.erase(action_id)
    (after,) = given(story).rows(CHAT_ACTIONS)
    assert after == msgspec.structs.replace(before, text_erased=True, position=2)


def test_no_hash_is_in_the_row() -> None:
    story = Story()
    Chats(story).say(asks=True)
    shown = msgspec.json.encode(given(story).rows(CHAT_ACTIONS))
    assert TOKEN.encode() not in shown
    assert RECEIVED.text_sha256.encode() not in shown


def test_it_shows_what_the_write_side_knows() -> None:
    story = Story()
    chats = Chats(story)
    random, seen = Random(1), set()  # noqa: S311 - the same story every time
    for _ in range(40):
        random.choice(chats.steps())()
        for row in given(story).rows(CHAT_ACTIONS):
            seen.add(row.status)
            state = story.state(row.id, CHAT_ACTION)
            assert state is not None
            assert (row.caller, row.intent, row.plan) == (state.caller, state.intent, state.plan)
            assert (row.status, row.reason, row.code) == (state.status, state.reason, state.code)
            assert (row.run_ids, row.refusals, row.expires_at) == (state.run_ids, state.refusals, state.expires_at)
            assert row.text_erased is state.erased
    assert seen == {*ChatStatus}


@pytest.mark.parametrize(
    "events",
    [(ChatCommandAccepted(),), (RECEIVED, RECEIVED)],
    ids=["accepted before", "received twice"],
)
def test_what_cannot_be(events: tuple[ChatEvent, ...]) -> None:
    history = History()
    history.add(SKILL, *events)
    with pytest.raises(ImpossibleHistoryError):
        given(history).rows(CHAT_ACTIONS)


def test_the_resource_has_the_fields_of_the_contract() -> None:
    contract = "id at actor language parser textErased status intent plan reason code runIds refusals expiresAt"
    contract += " requestId correlationId position"
    assert [field.encode_name for field in msgspec.structs.fields(ChatActionEntry)] == contract.split()
