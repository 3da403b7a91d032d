from uuid import uuid4

import msgspec
import pytest

from domain.errors import RunNotFound
from queries.get_run_history import GetRunHistory, get_run_history
from tests.kit.read_side import ReadSide
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio


async def test_a_history_is_told_from_the_beginning(side: ReadSide) -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").fail("openai")
    story.run(2, "openai")
    await side.tell(story.events)
    answer = await get_run_history(side.reader, GetRunHistory(run_id=run.id))
    assert [event.event for event in answer.items] == [
        "RunQueued",
        "InstallationReserved",
        "RunStarted",
        "ProviderStarted",
        "ProviderFailed",
        "InstallationReleased",
        "RunFailed",
    ]
    assert answer.next_cursor is None
    failed = msgspec.json.decode(answer.items[4].data)
    assert (failed["code"], failed["providerRequestId"]) == ("too_large:provider", "req_1")


async def test_data_keeps_the_order_in_which_events_have_it(side: ReadSide) -> None:
    story = Story()
    run = story.run(1, "openai")
    await side.tell(story.events)
    answer = await get_run_history(side.reader, GetRunHistory(run_id=run.id))
    assert bytes(answer.items[0].data) == msgspec.json.encode(story.events[0].event)


async def test_a_long_history_has_pages(side: ReadSide) -> None:
    story = Story()
    run = story.run(1, "openai").start("openai").succeed("openai")
    await side.tell(story.events)
    positions, cursor = [], None
    for _ in range(3):
        answer = await get_run_history(side.reader, GetRunHistory(run_id=run.id, limit=3, cursor=cursor))
        positions.append([event.position for event in answer.items])
        cursor = answer.next_cursor
    assert (positions, cursor) == ([[1, 2, 3], [4, 5, 6], [7]], None)


async def test_a_run_that_is_not_there_has_no_history(side: ReadSide) -> None:
    with pytest.raises(RunNotFound):
        await get_run_history(side.reader, GetRunHistory(run_id=uuid4()))
