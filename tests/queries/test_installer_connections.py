"""Which connections an installer looks for work at; what a pause is, the database's own clock says."""

from datetime import UTC, datetime, timedelta

import pytest

from domain.errors import Code
from domain.provider.events import (
    ProviderActivated,
    ProviderDeactivated,
    ProviderPaused,
    ProviderResumed,
    ProviderVerified,
)
from queries.installer_connections import installer_connections, next_resumption_seconds
from tests.kit.read_side import ReadSide
from tests.projections.stories import CLAUDE, GEMINI, OPENAI, Story

pytestmark = pytest.mark.anyio

AN_HOUR = timedelta(hours=1)


def connected() -> Story:
    """Three connections in use."""
    story = Story()
    for name, stream in (("openai", OPENAI), ("claude", CLAUDE), ("gemini", GEMINI)):
        story.connect(name)
        story.add(stream, ProviderVerified(), ProviderActivated())
    return story


async def served(side: ReadSide) -> list[str]:
    return [connection.name for connection in await installer_connections(side.reader)]


async def test_what_is_paused_is_not_served_until_its_time_is_over(side: ReadSide) -> None:
    now = datetime.now(UTC)
    story = connected()
    story.add(OPENAI, ProviderPaused(until=now + AN_HOUR, code=Code.PROVIDER_RATE_LIMIT))
    story.add(CLAUDE, ProviderPaused(until=now - AN_HOUR, code=Code.PROVIDER_RATE_LIMIT))
    story.add(GEMINI, ProviderPaused(requested=True))
    await side.tell(story.events)
    assert await served(side) == ["claude"]
    seconds = await next_resumption_seconds(side.reader)
    assert seconds is not None
    assert 3_500 < seconds <= 3_600


async def test_what_is_resumed_is_served(side: ReadSide) -> None:
    story = connected()
    story.add(OPENAI, ProviderPaused(requested=True), ProviderResumed(requested=True))
    await side.tell(story.events)
    assert await served(side) == ["openai", "claude", "gemini"]
    assert await next_resumption_seconds(side.reader) is None


async def test_the_end_of_a_pause_is_waited_for_where_it_brings_a_connection_back(side: ReadSide) -> None:
    now = datetime.now(UTC)
    story = connected()
    story.add(OPENAI, ProviderPaused(until=now + AN_HOUR, requested=True))
    story.add(CLAUDE, ProviderPaused(until=now + AN_HOUR / 2), ProviderDeactivated(requested=True))
    story.add(GEMINI, ProviderPaused(until=now + AN_HOUR * 2))
    await side.tell(story.events)
    assert await served(side) == []
    seconds = await next_resumption_seconds(side.reader)
    assert seconds is not None
    assert 3_500 < seconds <= 3_600
