"""What a live stream shows of an event, and what it does not."""

from typing import Any
from uuid import UUID

import msgspec
import pytest

from adapters.http.event_frames import frame_of
from domain.chat.events import ChatConfirmationAsked
from domain.events import Event, Role, UnknownEvent
from tests.kit.facts import NOON, recorded
from tests.projections.story_chats import RECEIVED, TOKEN

ACTION = UUID("019d33dd-8e40-7c52-a14e-81da897ceed6")
NEWER = UnknownEvent(
    topic="chat.chat_command_repeated", version=1, data=msgspec.Raw(b'{"caller":"anna","text":"hi","tokenSha512":"0"}')
)


@pytest.mark.parametrize(
    ("event", "shown"),
    [
        (RECEIVED, {"caller", "language", "parser", "intent", "plan"}),
        (ChatConfirmationAsked(token_sha256=TOKEN, expires_at=NOON), {"expiresAt"}),
        (NEWER, {"caller"}),
    ],
    ids=["received", "asked", "of a newer Waybill"],
)
def test_no_hash_of_a_text_or_token_of_chat_is_shown(event: Event, shown: set[str]) -> None:
    frame = frame_of(recorded(event, stream=ACTION))
    (line,) = (line for line in frame.message.decode().splitlines() if line.startswith("data: "))
    told: dict[str, Any] = msgspec.json.decode(line.removeprefix("data: "))
    assert told["data"].keys() == shown
    assert frame.role is Role.VIEWER
