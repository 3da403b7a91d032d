"""An answer is found out once for all who ask meanwhile or a moment later."""

import asyncio

import pytest

from adapters.http.momentary import Momentary

pytestmark = pytest.mark.anyio


class Asked:
    def __init__(self) -> None:
        self.times = 0
        self.now = 0.0
        self.gate = asyncio.Event()
        self.gate.set()
        self.momentary = Momentary(self.ask, seconds=0.2, clock=lambda: self.now)

    async def ask(self) -> int:
        self.times += 1
        number = self.times
        await self.gate.wait()
        return number


async def test_a_moment_later_it_is_the_same_and_then_it_is_asked_anew() -> None:
    asked = Asked()
    answers = []
    for asked.now in (0.0, 0.19, 0.21, 0.4, 0.42):
        answers.append(await asked.momentary())
    assert answers == [1, 1, 2, 2, 3]


async def test_all_who_ask_meanwhile_share_it_however_long_it_takes() -> None:
    asked = Asked()
    asked.gate.clear()

    async def let_it_answer() -> None:
        asked.now = 5.0
        asked.gate.set()

    asking = [asyncio.create_task(asked.momentary()) for _ in range(3)]
    await asyncio.gather(asyncio.create_task(asked.momentary()), asyncio.create_task(let_it_answer()))
    assert await asyncio.gather(*asking) == [1, 1, 1]
    assert await asked.momentary() == 1, "it is fresh from when it was answered"


async def test_who_goes_away_takes_no_answer_with_them() -> None:
    asked = Asked()
    asked.gate.clear()
    first, second = (asyncio.create_task(asked.momentary()) for _ in range(2))

    async def leave() -> None:
        first.cancel()
        asked.gate.set()

    outcomes = await asyncio.gather(first, second, asyncio.create_task(leave()), return_exceptions=True)
    assert isinstance(outcomes[0], asyncio.CancelledError)
    assert outcomes[1] == 1
