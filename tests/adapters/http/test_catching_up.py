"""Many who wait for the read side are one who asks, and nobody is told that it has come so far before it has."""

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from adapters.http.catching_up import CatchingUp
from projections.read_model import ReadModel
from projections.rows import Row
from projections.tracking import Standing

pytestmark = pytest.mark.anyio


class ReadSide:
    """A reader whose read models come on when they are told to; `asked` are the positions that were waited for."""

    def __init__(self) -> None:
        self.asked: list[int | None] = []
        self.moved: asyncio.Future[bool] = asyncio.get_running_loop().create_future()

    async def wait(self, model: ReadModel[Any], *, position: int | None, timeout_seconds: float) -> bool:
        self.asked.append(position)
        return await self.moved

    def move(self, *, came: bool) -> None:
        moved, self.moved = self.moved, asyncio.get_running_loop().create_future()
        moved.set_result(came)

    async def fetch(
        self, model: ReadModel[Any], statement: str, values: Mapping[str, object], row: type[Row]
    ) -> Sequence[Row]:
        return ()

    async def standing(self) -> Standing:
        return Standing(head=0, read_models=())


async def settled(tasks: Sequence[asyncio.Task[bool]]) -> list[bool]:
    """What those have been told that have been told anything by now."""
    await asyncio.wait(tasks, timeout=0.01)
    return [task.result() for task in tasks if task.done()]


async def test_they_ask_together_and_for_what_came_later_once_more() -> None:
    side = ReadSide()
    catching_up = CatchingUp(side)
    tasks = [asyncio.create_task(catching_up.to(position)) for position in (5, 5, 4, 9, 9)]
    assert await settled(tasks) == []
    assert side.asked == [5]
    side.move(came=True)
    assert await settled(tasks) == [True] * 3
    assert side.asked == [5, 9]
    side.move(came=True)
    assert await settled(tasks) == [True] * 5


async def test_a_read_side_that_does_not_come_on_is_said_to_all_and_asked_anew_by_the_next() -> None:
    side = ReadSide()
    catching_up = CatchingUp(side)
    tasks = [asyncio.create_task(catching_up.to(position)) for position in (5, 9)]
    await settled(tasks)
    side.move(came=False)
    assert await settled(tasks) == [False, False]
    again = asyncio.create_task(catching_up.to(9))
    await settled([again])
    side.move(came=True)
    assert await settled([again]) == [True]
    assert side.asked == [5, 9]
