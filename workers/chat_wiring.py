"""Chat, wired: the commands that a message and its erasure are, over the rest of Waybill."""

import os
from collections.abc import Callable
from datetime import datetime

from msgspec import Struct

from commands.converse import ConverseHandler
from commands.erase_chat_text import EraseChatTextHandler
from commands.handling import Handling, Watch
from domain.chat.ports import ChatWorld, LanguageModel
from domain.chat.texts import ChatTexts
from domain.install_run.policy import Policy
from domain.ports import EventStore
from queries.reading import Reader
from workers.chat_world import WiredChatWorld
from workers.failpoints import Failpoint, reach
from workers.wiring import Commands, new_id, now


class Chat(Struct, frozen=True, kw_only=True):
    world: ChatWorld
    converse: ConverseHandler
    erase_text: EraseChatTextHandler
    texts: ChatTexts


def build_chat(
    *,
    commands: Commands,
    reader: Reader,
    store: EventStore,
    texts: ChatTexts,
    policy: Policy,
    model: LanguageModel | None = None,
    clock: Callable[[], datetime] = now,
    watch: Watch | None = None,
) -> Chat:
    """`policy` is that of the runs that come of it. Without a `model` the grammar alone says what a message means."""
    handling = Handling(store=store, clock=clock, new_id=new_id, watch=watch)
    world = WiredChatWorld(
        commands=commands,
        reader=reader,
        store=store,
        policy=policy,
        step_done=lambda: reach(Failpoint.CHAT_STEP_DONE),
    )
    return Chat(
        world=world,
        converse=ConverseHandler(handling=handling, world=world, texts=texts, random_bytes=os.urandom, model=model),
        erase_text=EraseChatTextHandler(handling=handling, texts=texts),
        texts=texts,
    )
