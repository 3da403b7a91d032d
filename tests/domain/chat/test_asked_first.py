"""Nothing that takes something away, and nothing at several places, is done before somebody said yes to it."""

import asyncio
import os
from typing import Final
from uuid import UUID, uuid4

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from adapters.memory.chat_texts import MemoryChatTexts
from adapters.memory.event_store import MemoryEventStore
from commands.converse import Converse, Conversed, ConverseHandler
from commands.handling import Handling
from domain.chat.plan import AnyStep, InstallStep, RetryStep, VerifyStep
from domain.chat.reasons import Reason
from domain.chat.said import MESSAGE_CHARS_MAX
from domain.events import Actor, Context, Role
from tests.domain.chat.commanding import Command, commands
from tests.domain.chat.recording_world import CALLER, RecordingWorld
from tests.domain.chat.test_chat_properties import WORDS
from tests.kit.facts import NOON

some = settings(deadline=None, max_examples=100)

messages: Final = (
    st.one_of(
        commands().map(lambda command: command.text),
        st.lists(st.one_of(commands().map(lambda command: command.text), st.sampled_from(WORDS)), max_size=6).map(
            " ".join
        ),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=12).map(" ".join),
        st.text(min_size=1, max_size=60),
    )
    .map(lambda text: text.replace("\0", "")[:MESSAGE_CHARS_MAX])
    .filter(str.strip)
)
tokens: Final = st.one_of(
    st.none(), st.text(max_size=80), st.just(f"{UUID(int=1).hex}.{'A' * 43}"), st.sampled_from(("yes", "네"))
)


ASKED_ABOUT: Final = (
    *("uninstall pdf from openai", "cancel pdf", "roll back pdf on openai", "retry all failed runs"),
    *("install pdf on openai and claude", "install pdf and docx on openai", "install all skills on openai"),
    *(
        "can you install pdf on openai?",
        "instal pdf on openai",
        "could you retry pdf?",
    ),
    *(
        "openai에서 pdf 지워줘",
        "pdf 설치 취소해줘",
        "openai에서 pdf 롤백해줘",
        "실패한 거 전부 재시도해줘",
        "pdf 모든 곳에 설치해줘",
    ),
    *("openai에 pdf 설치해 줄래?", "openai에 pdf 설치헤줘", "내일 openai에 pdf 설치해줘"),
)
DONE_AT_ONCE: Final = (
    *("install pdf on openai", "retry pdf on openai", "verify openai"),
    *("openai에 pdf 설치해줘", "openai에 pdf 재시도해줘", "openai 검증해줘"),
)


class Chat:
    """One who may do everything, and a world in which something can come of it."""

    def __init__(self) -> None:
        self.world = RecordingWorld()
        store = MemoryEventStore(clock=lambda: NOON)
        self.handler = ConverseHandler(
            handling=Handling(store=store, clock=lambda: NOON, new_id=uuid4),
            world=self.world,
            texts=MemoryChatTexts(store),
            random_bytes=os.urandom,
        )

    def say(self, message: str | None, *, confirm: str | None = None, dry_run: bool = False) -> Conversed:
        caller = Actor(kind="api_key", id=CALLER, name="minji", role=Role.ADMIN)
        context = Context(actor=caller, request_id="request-1", correlation_id=uuid4())
        return asyncio.run(self.handler(Converse(message=message, confirm=confirm, dry_run=dry_run), context))


def places(steps: list[AnyStep]) -> int:
    return sum(len(step.providers) for step in steps if isinstance(step, InstallStep | RetryStep))


@pytest.mark.parametrize("text", ASKED_ABOUT, ids=range(len(ASKED_ABOUT)))
def test_this_waits_for_a_yes_and_is_done_after_it(text: str) -> None:
    chat = Chat()

    asked = chat.say(text)

    assert (asked.outcome.accepted, asked.outcome.reason) == (False, Reason.CONFIRMATION_REQUIRED)
    assert chat.world.carried_out == []
    assert chat.say(None, confirm=asked.token).outcome.accepted
    assert tuple(chat.world.carried_out) == asked.outcome.plan.steps != ()


@pytest.mark.parametrize("text", DONE_AT_ONCE, ids=range(len(DONE_AT_ONCE)))
def test_this_is_done_at_once(text: str) -> None:
    chat = Chat()

    said = chat.say(text)

    assert (said.outcome.accepted, said.token, len(chat.world.carried_out)) == (True, None, 1)


@some
@given(messages, tokens)
def test_nothing_is_taken_away_or_spread_unasked(message: str, token: str | None) -> None:
    chat = Chat()

    conversed = chat.say(message, confirm=token)

    done = chat.world.carried_out
    assert all(isinstance(step, InstallStep | RetryStep | VerifyStep) for step in done)
    assert places(done) <= 1
    assert done == [] or (token is None and conversed.outcome.accepted)


@some
@given(commands())
def test_once_it_is_confirmed_what_was_asked_about_is_done_and_nothing_else(command: Command) -> None:
    chat = Chat()
    asked = chat.say(command.text)
    assume(asked.token is not None)

    assert chat.world.carried_out == []
    assert chat.say(None, confirm=asked.token).outcome.accepted
    assert tuple(chat.world.carried_out) == asked.outcome.plan.steps != ()


@some
@given(messages)
def test_a_dry_run_does_nothing(message: str) -> None:
    chat = Chat()

    chat.say(message, dry_run=True)

    assert chat.world.carried_out == []
