from datetime import datetime
from typing import Any
from uuid import uuid4

import pytest

from domain.errors import Code, RunNotFound
from domain.events import Actor
from domain.install_run.state import RunStatus
from projections.install_runs import INSTALL_RUNS
from queries.get_install_run import GetInstallRun, get_install_run
from queries.list_install_runs import ListInstallRuns, list_install_runs
from tests.kit.projection_spec import ADMIN, given
from tests.kit.read_side import ReadSide
from tests.projections.stories import CLAUDE, SKILL, Story

pytestmark = pytest.mark.anyio

CI = Actor(kind="api_key", id="key-2", name="ci")


class Told(Story):
    """A success, a failure, one that succeeds in part, a removal, and one that is queued by somebody else."""

    def __init__(self) -> None:
        super().__init__()
        success = self.run(1, "openai").start("openai").succeed("openai")
        failure = self.run(2, "claude").start("claude").fail("claude", Code.PROVIDER_TIMEOUT)
        partial = self.run(3, "openai", "claude", version=2).start("openai").start("claude")
        partial.succeed("openai").fail("claude", Code.PROVIDER_TOO_LARGE)
        removal = self.removal(5, "openai").start("openai").succeed("openai")
        self.default_actor = CI
        queued = self.run(4, "gemini", skill="other")
        told = (success, failure, partial, removal, queued)
        self.runs = {run.id: name for run, name in zip(told, "sfpuq", strict=True)}

    def queued_at(self, name: str) -> datetime:
        return next(event.at for event in self if self.runs.get(event.stream) == name)


@pytest.fixture
async def told(side: ReadSide) -> Told:
    story = Told()
    await side.tell(story.events)
    return story


async def found(side: ReadSide, told: Told, **filters: Any) -> str:
    answer = await list_install_runs(side.reader, ListInstallRuns(**filters))
    return "".join(told.runs[run.id] for run in answer.items)


async def test_runs_are_listed_newest_first_by_what_is_asked_for(side: ReadSide, told: Told) -> None:
    expected: list[tuple[dict[str, Any], str]] = [
        ({}, "qupfs"),
        ({"status": (RunStatus.SUCCESS,)}, "us"),
        ({"status": (RunStatus.FAILED, RunStatus.PARTIAL_FAILED)}, "pf"),
        ({"skill": ("kbo-results",)}, "upfs"),
        ({"skill": (str(SKILL),)}, "upfs"),
        ({"skill": ("nothing",)}, ""),
        ({"provider": ("openai",)}, "ups"),
        ({"provider": (str(CLAUDE),)}, "pf"),
        ({"actor": (ADMIN.id,)}, "upfs"),
        ({"actor": (CI.id,)}, "q"),
        ({"code": (Code.PROVIDER_TIMEOUT,)}, "f"),
        ({"code": (Code.PROVIDER_TOO_LARGE,)}, "p"),
        ({"code": (Code.PROVIDER_TOO_LARGE, Code.PROVIDER_TIMEOUT)}, "pf"),
        ({"code": (Code.PROVIDER_OFFLINE,)}, ""),
        ({"code": (Code.PROVIDER_TOO_LARGE,), "status": (RunStatus.FAILED,)}, ""),
        ({"kind": ("install",)}, "qpfs"),
        ({"kind": ("uninstall",)}, "u"),
        ({"kind": ("uninstall", "install")}, "qupfs"),
        ({"skill": ("other", "nothing")}, "q"),
        ({"skill": ("other", str(SKILL))}, "qupfs"),
        ({"provider": ("openai", "gemini")}, "qups"),
        ({"actor": (CI.id, ADMIN.id)}, "qupfs"),
        ({"kind": ("uninstall",), "provider": ("claude",)}, ""),
        ({"provider": ("openai",), "status": (RunStatus.SUCCESS,), "skill": ("kbo-results",)}, "us"),
    ]
    assert [(filters, await found(side, told, **filters)) for filters, _ in expected] == expected


async def test_times_include_the_first_and_not_the_last(side: ReadSide, told: Told) -> None:
    since, until = told.queued_at("f"), told.queued_at("q")
    assert await found(side, told, since=since) == "qupf"
    assert await found(side, told, until=until) == "upfs"
    assert await found(side, told, since=since, until=until) == "upf"


async def test_pages_follow_each_other_under_a_filter(side: ReadSide, told: Told) -> None:
    pages, cursor = [], None
    for _ in range(4):
        answer = await list_install_runs(side.reader, ListInstallRuns(skill=("kbo-results",), limit=1, cursor=cursor))
        pages.append("".join(told.runs[run.id] for run in answer.items))
        cursor = answer.next_cursor
    assert (pages, cursor) == (["u", "p", "f", "s"], None)


async def test_one_run(side: ReadSide, told: Told) -> None:
    run_id = next(run_id for run_id, name in told.runs.items() if name == "p")
    answer = await get_install_run(side.reader, GetInstallRun(run_id=run_id))
    assert (answer.stale, answer.item.status) == (False, RunStatus.PARTIAL_FAILED)
    assert answer.item.failures == {Code.PROVIDER_TOO_LARGE: 1}
    assert answer.item.queued_at == told.queued_at("p")
    assert answer.item.queued_at.utcoffset() is not None


async def test_runs_are_found_by_how_waybill_ended_them_and_not_by_what_they_wait_for(side: ReadSide) -> None:
    story = Story()
    cancelled = story.run(1, "openai").cancel()
    expired = story.run(2, "claude").expire("claude")
    story.run(3, "gemini").start("gemini").fail("gemini", Code.PROVIDER_OVERLOADED, retryable=True)
    await side.tell(story.events)
    expected = {
        Code.RUN_CANCELLED: [cancelled.id],
        Code.RUN_START_TIMEOUT: [expired.id],
        Code.PROVIDER_OVERLOADED: [],
    }
    for code, runs in expected.items():
        answer = await list_install_runs(side.reader, ListInstallRuns(code=(code,)))
        assert [run.id for run in answer.items] == runs


async def test_a_run_is_read_with_its_waits_and_with_what_came_of_it(side: ReadSide) -> None:
    story = Story()
    done = story.run(1, "openai").start("openai").expire_lease("openai").start("openai").succeed("openai")
    undoing = story.roll_back(2, done).start("openai").fail("openai", Code.PROVIDER_OVERLOADED, retryable=True)
    await side.tell(story.events)
    shown = {row.id: row for row in given(story).rows(INSTALL_RUNS)}
    for run in (done, undoing):
        item = (await get_install_run(side.reader, GetInstallRun(run_id=run.id))).item
        for field in item.__struct_fields__:
            assert getattr(item, field) == getattr(shown[run.id], field)
    assert shown[done.id].targets[0].rescues == 1
    assert shown[done.id].rollback is not None
    assert shown[undoing.id].targets[0].next_attempt_at is not None


async def test_a_run_that_is_not_there(side: ReadSide) -> None:
    with pytest.raises(RunNotFound):
        await get_install_run(side.reader, GetInstallRun(run_id=uuid4()))
