from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.chat.events import ChatCommandAccepted, ChatCommandReceived
from domain.chat.facts import RunFact, TargetFact
from domain.chat.intent import Action, Intent, Language
from domain.chat.ports import RunsWanted
from domain.errors import Code
from domain.events import Actor, Role
from domain.install_run.state import RunStatus, TargetStatus
from domain.provider.state import provider_stream
from domain.skill.state import skill_stream
from queries.chat_runs import ChatRuns, chat_runs, runs_of_last_action
from tests.kit.read_side import ReadSide
from tests.projections.stories import Story

pytestmark = pytest.mark.anyio

MINJI = Actor(kind="api_key", id="key-2", name="minji", role=Role.OPERATOR)


class Told(Story):
    """An install that failed at claude and was tried again, by minji; another one that waits; and a removal."""

    def __init__(self) -> None:
        super().__init__()
        for skill in ("kbo-results", "other"):
            self.publish(skill)
        for name in ("openai", "claude"):
            self.connect(name)
        self.first = self.run(1, "openai", "claude")
        self.first.start("openai").succeed("openai").start("claude").fail("claude")
        self.default_actor = MINJI
        self.again = self.retry(2, self.first)
        self.again.start("claude").succeed("claude")
        self.waiting = self.run(3, "openai", skill="other")
        self.removed = self.removal(4, "openai")
        self.say(MINJI, self.first.id)
        self.say(MINJI, self.again.id, self.first.id)
        self.say(MINJI)
        self.say(Actor(kind="api_key", id="key-3", name="other", role=Role.ADMIN), self.waiting.id)

    def say(self, who: Actor, *run_ids: UUID) -> None:
        """What led to these runs."""
        received = ChatCommandReceived(
            caller=who.id,
            language=Language.KOREAN,
            parser="grammar",
            intent=Intent(action=Action.INSTALL),
            text_sha256="0" * 64,
        )
        self.add(uuid4(), received, ChatCommandAccepted(run_ids=run_ids), actor=who)


@pytest.fixture(scope="module")
async def told(side: ReadSide) -> Told:
    story = Told()
    await side.tell(story.events)
    return story


async def found(side: ReadSide, *, limit: int = 10, **wanted: Any) -> list[UUID]:
    runs = await chat_runs(side.reader, ChatRuns(wanted=RunsWanted(**wanted), limit=limit))
    return [run.id for run in runs.items]


async def test_runs_are_found_by_all_that_is_wanted_the_newest_first(side: ReadSide, told: Told) -> None:
    first, again, waiting, removed = (run.id for run in (told.first, told.again, told.waiting, told.removed))
    kbo, openai, claude = skill_stream("kbo-results"), provider_stream("openai"), provider_stream("claude")
    expected: list[tuple[dict[str, Any], list[UUID]]] = [
        ({}, [removed, waiting, again, first]),
        ({"ids": (first, waiting)}, [waiting, first]),
        ({"ids": (uuid4(),)}, []),
        ({"beginning": first.hex[:8]}, [first]),
        ({"beginning": str(first)[:13]}, [first]),
        ({"beginning": first.hex[:7]}, []),
        ({"beginning": "no-digits"}, []),
        ({"skills": (kbo,)}, [removed, again, first]),
        ({"skills": (kbo, skill_stream("other"))}, [removed, waiting, again, first]),
        ({"skills": (skill_stream("nothing"),)}, []),
        ({"providers": (claude,)}, [again, first]),
        ({"providers": (claude, openai)}, [removed, waiting, again, first]),
        ({"statuses": (RunStatus.PARTIAL_FAILED, RunStatus.SUCCESS)}, [again, first]),
        ({"kinds": ("uninstall",)}, [removed]),
        ({"by": "key-1"}, [first]),
        ({"by": MINJI.id, "skills": (kbo,), "kinds": ("install",)}, [again]),
        ({"beginning": first.hex, "statuses": (RunStatus.QUEUED,)}, []),
    ]
    assert [(wanted, await found(side, **wanted)) for wanted, _ in expected] == expected


async def test_a_run_is_told_with_its_targets_and_who_asked_for_it(side: ReadSide, told: Told) -> None:
    query = ChatRuns(wanted=RunsWanted(ids=(told.first.id,)), limit=1)
    (run,) = (await chat_runs(side.reader, query)).items
    openai, claude = run.targets
    assert run == RunFact(
        id=told.first.id,
        kind="install",
        status=RunStatus.PARTIAL_FAILED,
        reason=None,
        skill="kbo-results",
        version=1,
        targets=(openai, claude),
        by="admin",
        by_id="key-1",
        queued_at=run.queued_at,
        finished_at=run.finished_at,
        retried_by=told.again.id,
    )
    assert claude == TargetFact(
        provider_id=provider_stream("claude"),
        provider="claude",
        status=TargetStatus.FAILED,
        code=Code.PROVIDER_TOO_LARGE,
        attempts=1,
        next_attempt_at=None,
    )
    assert (openai.status, openai.code) == (TargetStatus.SUCCESS, None)
    assert run.finished_at is not None
    assert run.queued_at < run.finished_at


async def test_that_there_are_more_is_told(side: ReadSide, told: Told) -> None:
    cut = await chat_runs(side.reader, ChatRuns(wanted=RunsWanted(), limit=3))
    assert (len(cut.items), cut.more) == (3, True)
    whole = await chat_runs(side.reader, ChatRuns(wanted=RunsWanted(), limit=4))
    assert (len(whole.items), whole.more) == (4, False)


async def test_the_runs_of_what_somebody_said_last_are_known(side: ReadSide, told: Told) -> None:
    assert await runs_of_last_action(side.reader, MINJI.id) == (told.again.id, told.first.id)
    assert await runs_of_last_action(side.reader, "key-3") == (told.waiting.id,)
    assert await runs_of_last_action(side.reader, "key-1") == ()
