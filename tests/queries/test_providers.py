from uuid import uuid4

import pytest

from domain.errors import Code, ProviderNotFound
from domain.provider.events import (
    ProviderActivated,
    ProviderDeactivated,
    ProviderPaused,
    ProviderReconfigured,
    ProviderVerified,
)
from queries.get_provider import GetProvider, get_provider
from queries.installer_connections import InstallerConnection, installer_connections
from queries.list_providers import ListProviders, list_providers
from tests.kit.facts import NOON
from tests.kit.read_side import ReadSide
from tests.projections.stories import OPENAI, Story

pytestmark = pytest.mark.anyio


def connections() -> Story:
    story = Story()
    for name in ("openai", "claude", "gemini"):
        story.connect(name)
    story.add(OPENAI, ProviderVerified(), ProviderActivated())
    return story


async def test_providers_are_listed_newest_first_in_pages(side: ReadSide) -> None:
    await side.tell(connections().events)
    first = await list_providers(side.reader, ListProviders(limit=2))
    second = await list_providers(side.reader, ListProviders(limit=2, cursor=first.next_cursor))
    assert [[provider.name for provider in page.items] for page in (first, second)] == [
        ["gemini", "claude"],
        ["openai"],
    ]
    assert second.next_cursor is None


async def test_one_provider_is_found_by_id_or_name(side: ReadSide) -> None:
    await side.tell(connections().events)
    by_id = await get_provider(side.reader, GetProvider(provider=str(OPENAI)))
    assert by_id == await get_provider(side.reader, GetProvider(provider="openai"))
    assert (by_id.item.active, by_id.item.verification.status) == (True, "ok")


async def test_a_pause_is_read_with_its_end(side: ReadSide) -> None:
    story = connections()
    story.add(OPENAI, ProviderPaused(until=NOON, code=Code.PROVIDER_RATE_LIMIT))
    await side.tell(story.events)
    shown = (await get_provider(side.reader, GetProvider(provider="openai"))).item
    assert (shown.paused, shown.paused_until, shown.paused_by) == (True, NOON, "provider")


async def test_a_provider_that_is_not_there(side: ReadSide) -> None:
    await side.tell(connections().events)
    for provider in ("nothing", str(uuid4())):
        with pytest.raises(ProviderNotFound):
            await get_provider(side.reader, GetProvider(provider=provider))


async def test_an_installer_sees_the_active_connections_only(side: ReadSide) -> None:
    await side.tell(connections().events)
    assert list(await installer_connections(side.reader)) == [
        InstallerConnection(provider_id=OPENAI, name="openai", kind="openai", concurrency_max=4)
    ]


async def test_a_changed_connection_is_seen_as_it_is_now(side: ReadSide) -> None:
    story = connections()
    changed = ProviderReconfigured(base_url="https://api.example", base_agent="agent-1", concurrency_max=9)
    story.add(OPENAI, changed)
    await side.tell(story.events)
    shown = (await get_provider(side.reader, GetProvider(provider="openai"))).item
    assert (shown.base_agent, shown.organization, shown.concurrency_max) == ("agent-1", None, 9)
    assert (shown.shelved, shown.verification.status) == (False, "never")
    (served,) = await installer_connections(side.reader)
    assert served.concurrency_max == 9


async def test_an_installer_does_not_see_what_a_person_put_away(side: ReadSide) -> None:
    story = connections()
    story.add(OPENAI, ProviderDeactivated(requested=True))
    await side.tell(story.events)
    assert list(await installer_connections(side.reader)) == []
    assert (await get_provider(side.reader, GetProvider(provider="openai"))).item.shelved
