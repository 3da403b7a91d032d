"""What belongs to an incident is gathered, and what does not is left where it is."""

from collections.abc import AsyncIterator, Sequence
from uuid import UUID

import pytest
from msgspec.structs import replace

from adapters.postgres.case_events import PostgresCaseEvents
from adapters.postgres.event_log import PostgresEventLog
from domain.alert.events import AlertRaised
from domain.alert.rules import RuleName, Severity
from domain.alert.state import alert_stream
from domain.errors import RunNotFound
from domain.evidence.case import CaseScope
from domain.provider.events import ProviderPaused, ProviderResumed
from domain.provider.state import provider_stream
from queries import gather_case
from queries.gather_case import GatherCase, Gathered
from tests.conftest import by_owner
from tests.kit.cases import an_incident
from tests.kit.facts import NOON
from tests.kit.read_side import ReadSide
from tests.projections.stories import Story
from tests.projections.story_chats import Chats
from workers.terminal.case_story import decode

pytestmark = pytest.mark.anyio


@pytest.fixture
async def gather(side: ReadSide, database: str) -> AsyncIterator[GatherCase]:
    log = PostgresEventLog(database, name="test-log")
    yield GatherCase(log=log, events=PostgresCaseEvents(side.pool), reader=side.reader, decode=decode)
    await log.close()


def runs_of(story: Story) -> tuple[UUID, ...]:
    return tuple(event.stream for event in story.events if event.name == "RunQueued")


def positions(gathered: Gathered) -> list[int]:
    return [event.position for event in gathered.events]


def told(gathered: Gathered) -> Sequence[str]:
    return [event.name for event in gathered.decoded]


async def test_a_run_brings_its_skill_its_connections_and_their_pairs(side: ReadSide, gather: GatherCase) -> None:
    story = Story()
    story.publish("other-skill")
    story.connect("elsewhere")
    mine = an_incident()
    for event in mine.events:
        story.add(event.stream, event.event)
    story.run(9, "elsewhere", skill="other-skill")
    await side.tell(story.events)
    gathered = await gather(CaseScope(runs=runs_of(mine)))
    assert positions(gathered) == list(range(4, 4 + len(mine.events)))
    assert gathered.up_to_position == len(story.events)
    assert {name: len(rows.rows) for name, rows in gathered.rows.items()} == {
        "skills": 1,
        "providers": 3,
        "install_runs": 1,
        "installations": 3,
        "alerts": 0,
        "audit_log": len(mine.events),
    }


async def test_the_alerts_about_it_and_what_else_came_of_the_request_are_there(
    side: ReadSide, gather: GatherCase
) -> None:
    story = an_incident()
    (run,) = runs_of(story)
    raised = AlertRaised(
        alert_id=run,
        rule=RuleName.LONG_RUNNING,
        severity=Severity.WARNING,
        subject=f"install_run:{run}",
        facts={},
        again_at=NOON,
    )
    story.add(alert_stream(raised.rule, raised.subject), raised)
    asked = Chats(story).say()
    queued = next(event for event in story.events if event.name == "RunQueued")
    as_asked = [
        event if event.stream != asked else replace(event, correlation_id=queued.correlation_id)
        for event in story.events
    ]
    await side.tell(as_asked)
    gathered = await gather(CaseScope(runs=(run,)))
    assert {"AlertRaised", "ChatCommandReceived"} <= set(told(gathered))
    assert len(gathered.rows["alerts"].rows) == 1


async def test_some_time_brings_the_runs_of_then_whole(side: ReadSide, gather: GatherCase) -> None:
    """Its first events are from before, its last ones from after."""
    story = an_incident()
    await side.tell(story.events)
    gathered = await gather(CaseScope(since=story.events[16].at, until=story.events[18].at))
    assert positions(gathered) == list(range(1, 24))
    one = await gather(CaseScope(since=story.events[2].at, until=story.events[3].at))
    assert (positions(one), told(one)) == ([3], ["ProviderConnected"])
    skill = await gather(CaseScope(since=story.events[1].at, until=story.events[2].at))
    assert told(skill) == ["SkillRegistered", "SkillVersionPublished"]
    assert told(await gather(CaseScope(since=story.now.replace(year=2030)))) == []


async def test_of_a_long_history_there_is_what_came_since(
    side: ReadSide, gather: GatherCase, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gather_case, "WHOLE_EVENTS_MAX", 3)
    story = Story()
    story.publish()
    story.connect("openai")
    for _ in range(3):
        story.add(provider_stream("openai"), ProviderPaused(requested=True), ProviderResumed(requested=True))
    run = story.run(1, "openai")
    story.add(provider_stream("openai"), ProviderPaused(requested=True))
    run.start("openai").succeed("openai")
    await side.tell(story.events)
    names = told(await gather(CaseScope(runs=(run.id,))))
    assert names.count("ProviderPaused") == 1
    assert "SkillRegistered" in names


async def test_what_is_no_event_any_more_belongs_to_it(side: ReadSide, gather: GatherCase, database: str) -> None:
    story = an_incident()
    await side.tell(story.events)
    off, on = ("ALTER TABLE events DISABLE TRIGGER ALL", "ALTER TABLE events ENABLE TRIGGER ALL")
    by_owner(database, off, "UPDATE events SET state = '\\x00' WHERE notification_id = 18", on)
    gathered = await gather(CaseScope(runs=runs_of(story)))
    assert positions(gathered) == list(range(1, 24))
    assert len(gathered.decoded) == 22


async def test_what_is_no_run_is_not_found(side: ReadSide, gather: GatherCase) -> None:
    story = an_incident()
    await side.tell(story.events)
    with pytest.raises(RunNotFound, match="No install run has the id"):
        await gather(CaseScope(runs=(*runs_of(story), provider_stream("openai"))))
