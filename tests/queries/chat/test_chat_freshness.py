"""What has only not come here yet is not said to be absent."""

import pytest
from msgspec.structs import replace

from domain.chat.ports import RunsWanted
from domain.errors import StoreOffline
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from projections.install_runs import INSTALL_RUNS
from queries.chat_catalogue import ChatCatalogue, chat_catalogue
from queries.chat_deeds import ChatDeeds, chat_deeds
from queries.chat_installations import ChatInstallations, chat_installations
from queries.chat_runs import ChatRuns, chat_runs
from queries.installation_view import READ_MODELS
from tests.kit.read_side import ReadSide
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio

BEING_UPDATED = "still being brought up to date"


async def test_what_may_be_on_its_way_is_not_said_to_be_absent(side: ReadSide) -> None:
    story = Story()
    story.publish("kbo-results")
    for name in ("openai", "claude"):
        story.connect(name)
    story.run(1, "openai").start("openai").succeed("openai")
    await side.store(story.events)
    await side.take(*(model.name for model in READ_MODELS), events=story.events)

    pairs = ChatInstallations(
        skills=(skill_stream("kbo-results"),),
        providers=tuple(provider_stream(name) for name in ("openai", "claude")),
        limit=10,
    )
    live = await chat_installations(side.reader, pairs)
    assert [(one.provider, one.by) for one in live.items] == [("openai", "?")]
    assert live.absent == ()
    with pytest.raises(StoreOffline, match=BEING_UPDATED):
        await chat_installations(side.reader, replace(pairs, providers=pairs.providers[1:]))
    with pytest.raises(StoreOffline, match=BEING_UPDATED):
        await chat_runs(side.reader, ChatRuns(wanted=RunsWanted(), limit=10))
    with pytest.raises(StoreOffline, match=BEING_UPDATED):
        await chat_deeds(side.reader, ChatDeeds(limit=10))

    await side.take(INSTALL_RUNS.name, events=story.events)
    live = await chat_installations(side.reader, pairs)
    assert [one.by for one in live.items] == ["admin"]
    assert live.absent == (("kbo-results", "claude"),)

    late = len(story.events)
    story.publish("brand-new")
    await side.store(story.events[late:])
    with pytest.raises(StoreOffline, match=BEING_UPDATED):
        await chat_catalogue(side.reader, ChatCatalogue(names=frozenset({"brand-new", "kbo-results"})))
    known = await chat_catalogue(side.reader, ChatCatalogue(names=frozenset({"kbo-results", "openai"})))
    assert set(known.skills) == {"kbo-results"}
