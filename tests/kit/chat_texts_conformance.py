"""What every home of chat texts does: it has what was stored with the receipts, until it is erased."""

from uuid import UUID, uuid4

import pytest
from msgspec.structs import replace

from domain.chat.texts import ChatTexts, text_row
from domain.ports import AppendConflict, EventStore
from tests.kit.facts import append

SALT = bytes(range(16))


async def say(store: EventStore, text: str) -> UUID:
    """As a receipt is stored: the event and the text in one append."""
    action_id = uuid4()
    row = text_row(action_id=action_id, salt=SALT, text=text)
    await store.append(replace(append(action_id), rows=(row,)))
    return action_id


@pytest.mark.anyio
class ChatTextsConformance:
    """Give a `store` of events, and the `texts` beside it."""

    async def test_texts_are_read_as_they_were_said(self, store: EventStore, texts: ChatTexts) -> None:
        korean = await say(store, "openai에 kbo-results 설치해줘 🙏")
        english = await say(store, "it's \"installed\" \\ isn't it?\n%s")
        await say(store, "of no interest")
        assert await texts.read((korean, english, uuid4())) == {
            korean: "openai에 kbo-results 설치해줘 🙏",
            english: "it's \"installed\" \\ isn't it?\n%s",
        }
        assert await texts.read(()) == {}

    async def test_what_is_erased_is_gone_and_the_others_stay(self, store: EventStore, texts: ChatTexts) -> None:
        erased, kept = await say(store, "forget this"), await say(store, "keep that")
        await texts.erase(erased)
        assert await texts.read((erased, kept)) == {kept: "keep that"}

    async def test_it_is_erased_once_and_what_never_was_is_no_mistake(
        self, store: EventStore, texts: ChatTexts
    ) -> None:
        erased = await say(store, "forget this")
        for action_id in (erased, erased, uuid4()):
            await texts.erase(action_id)
        assert await texts.read((erased,)) == {}

    async def test_a_text_whose_receipt_was_not_stored_is_not_there(self, store: EventStore, texts: ChatTexts) -> None:
        action_id = await say(store, "first")
        await texts.erase(action_id)
        row = text_row(action_id=action_id, salt=SALT, text="second")
        with pytest.raises(AppendConflict):
            await store.append(replace(append(action_id), rows=(row,)))
        assert await texts.read((action_id,)) == {}
