"""What is said to the API is done once, however often it is sent, also when an answer was lost or a process was killed."""

import asyncio
from typing import Any

import psycopg
import pytest

from domain.chat.events import ChatCommandReceived, ChatConfirmationAsked
from tests.adapters.http.asking_again import REPLAYED, is_replay, keyed
from tests.adapters.http.chatting import both, pointers_of, say, send, set_the_stage
from tests.adapters.http.serving import Api

pytestmark = pytest.mark.anyio

# As if it had been killed between what it did and its answer.
CRASH = """
    UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL, claimed_until = now()
    WHERE convert_from(body, 'UTF8') LIKE %s
"""


@pytest.fixture(scope="module", autouse=True)
async def stage(api: Api) -> None:
    await set_the_stage(api)


async def test_a_message_that_comes_again_acts_once(api: Api) -> None:
    head, headers = await api.head(), keyed()
    answers = await asyncio.gather(*(send(api, "install kbo-results on claude", headers=headers) for _ in range(8)))
    first = next(answer for answer in answers if REPLAYED not in answer.headers)
    for answer in answers:
        if answer is not first:
            is_replay(answer, first)
    received = [event for event in await api.events(after=head) if isinstance(event.event, ChatCommandReceived)]
    assert [str(event.stream) for event in received] == [first.json()["chatActionId"]]
    other = await send(api, "install kbo-results on openai", headers=headers)
    assert (other.status_code, other.json()["code"]) == (422, "unprocessable:idempotency")


async def test_a_question_whose_answer_was_lost_can_still_be_answered(api: Api, module_database: str) -> None:
    """Sent again it is told the same token; and after a crash, when no answer was kept, a new one for the same plan."""
    message, headers = await both(api), keyed()
    first = await send(api, message, headers=headers)
    again = await send(api, message, headers=headers)
    is_replay(again, first)
    asked: dict[str, Any] = first.json()
    head = await api.head()
    with psycopg.connect(module_database) as connection:
        crashed = connection.execute(CRASH, (f"%{asked['chatActionId']}%",))
        assert crashed.rowcount == 1
    anew = (await send(api, message, headers=headers)).json()
    assert anew["chatActionId"] == asked["chatActionId"]
    assert anew["confirmation"]["expiresAt"] == asked["confirmation"]["expiresAt"]
    assert {type(event.event) for event in await api.events(after=head)} == {ChatConfirmationAsked}
    done = await say(api, confirm=anew["confirmation"]["token"])
    assert (done["accepted"], done["chatActionId"]) == (True, asked["chatActionId"])


async def test_a_crash_after_the_work_does_not_repeat_it(api: Api, module_database: str) -> None:
    headers = keyed()
    first = (await send(api, "kbo-results를 openai에 설치해줘", headers=headers)).json()
    head = await api.head()
    with psycopg.connect(module_database) as connection:
        assert connection.execute(CRASH, (f"%{first['chatActionId']}%",)).rowcount == 1
    again = (await send(api, "kbo-results를 openai에 설치해줘", headers=headers)).json()
    assert (again["chatActionId"], again["runIds"], again["accepted"]) == (
        first["chatActionId"],
        first["runIds"],
        True,
    )
    assert await api.head() == head


async def test_a_key_is_taken_by_what_is_on_record_and_by_nothing_else(api: Api) -> None:
    """A message that made no sense may be corrected under its key, one that was refused for the role may not."""
    mistaken, denied = keyed(), keyed()
    assert pointers_of(await send(api, " ", headers=mistaken)) == ["/message"]
    assert (await send(api, "list skills", headers=mistaken)).status_code == 200
    assert (await send(api, "verify openai", headers=denied)).status_code == 403
    assert (await send(api, "list skills", headers=denied)).status_code == 422
