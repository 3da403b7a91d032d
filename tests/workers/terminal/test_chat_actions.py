"""`waybill chat-actions`: which words it takes."""

from typing import Any

from domain.chat.intent import Action
from domain.chat.state import ChatStatus
from workers.terminal.chat_actions import list_chat_actions


def test_it_can_be_filtered_by_the_words_of_the_contract() -> None:
    options: dict[str | None, Any] = {option.name: option.type for option in list_chat_actions.params}
    assert list(options["action"].choices) == [one.value for one in Action]
    assert list(options["status"].choices) == [one.value for one in ChatStatus]
