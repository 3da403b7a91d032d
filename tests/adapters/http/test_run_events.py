"""The history of a run as it happens: the same events as its history, each once, and an end after the last."""

import asyncio
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from projections import run_history
from tests.adapters.http.live_streams import Sent, listen
from tests.adapters.http.serving import Api, serving, skill_files

pytestmark = pytest.mark.anyio

TARGETS = 20


@pytest.fixture(scope="module", autouse=True)
async def things(api: Api) -> None:
    await api.connect("openai", kind="noop")
    await api.connect("claude", kind="noop")


async def run_of(api: Api, skill: str, *providers: str) -> dict[str, Any]:
    await api.register(skill)
    return await api.queue(skill, *(providers or ("openai",)))


def path_of(run: dict[str, Any]) -> str:
    return f"/api/install-runs/{run['id']}/events"


async def history_of(api: Api, run: dict[str, Any]) -> list[dict[str, Any]]:
    items: list[dict[str, Any]] = (await api.admin.get(f"/api/install-runs/{run['id']}/history")).json()["items"]
    return items


async def test_a_stream_has_what_the_history_has_and_ends_after_it(api: Api) -> None:
    run = await run_of(api, "told")
    async with listen(api.admin, path_of(run)) as stream:
        first = await stream.next()
        assert (first.name, stream.retry, first.id) == ("RunQueued", 2000, first.data["position"])
        await api.succeed(run)
        rest = await stream.to_the_end()
    history = await history_of(api, run)
    assert [sent.data for sent in (first, *rest[:-1])] == history
    assert [sent.name for sent in (first, *rest[:-1])] == [event["event"] for event in history]
    assert [sent.id for sent in (first, *rest[:-1])] == [event["position"] for event in history]
    assert (rest[-1].name, rest[-1].data) == ("end", {"reason": "run_ended"})
    assert {"RunSucceeded", "InstallationChanged"} <= {event["event"] for event in history}
    async with asyncio.timeout(5), listen(api.admin, path_of(run)) as stream:
        assert [sent.data for sent in (await stream.to_the_end())[:-1]] == history


async def test_at_any_place_it_goes_on_where_it_was_left(api: Api) -> None:
    run = await run_of(api, "resumed", "openai", "claude")
    await api.succeed(run)
    await api.fail(run, target=1)
    history = await history_of(api, run)
    for seen in range(len(history) + 1):
        after = history[seen - 1]["position"] if seen else 0
        for again in ({"last_id": after}, {"after": after}, {"last_id": after, "after": 0}):
            async with listen(api.admin, path_of(run), **again) as stream:
                sent = await stream.to_the_end()
            assert [one.data for one in sent[:-1]] == history[seen:]
            assert sent[-1].name == "end"
            assert stream.last_id is not None
            assert stream.last_id >= history[-1]["position"]


async def test_what_happens_after_the_end_is_there_for_who_comes_back(api: Api) -> None:
    run = await run_of(api, "repaired")
    await api.fail(run)
    async with listen(api.admin, path_of(run)) as stream:
        await stream.to_the_end()
    answer = await api.admin.post(f"/api/install-runs/{run['id']}/retry")
    assert answer.status_code == 202, answer.text
    async with listen(api.admin, path_of(run), last_id=stream.last_id) as stream:
        assert [sent.name for sent in await stream.to_the_end()] == ["RunRetried", "end"]


async def test_other_runs_at_the_same_installation_are_not_in_it(api: Api) -> None:
    first = await run_of(api, "shared")
    async with listen(api.admin, path_of(first)) as stream:
        await api.admin.post("/api/skills", json=skill_files("shared", "Another version."))
        second = await api.queue("shared", "openai")
        await api.succeed(first)
        sent = await stream.to_the_end()
    assert [one.data for one in sent[:-1]] == await history_of(api, first)
    assert second["id"] not in {one.data["data"].get("runId") for one in sent[:-1]}
    async with listen(api.admin, path_of(second)) as stream:
        await api.succeed(second)
        sent = await stream.to_the_end()
    assert [one.data for one in sent[:-1]] == await history_of(api, second)


@pytest.mark.parametrize("run", ["nobody", str(uuid4())], ids=["no-id", "unknown"])
async def test_an_unknown_run_is_not_found_before_anything_is_sent(api: Api, run: str) -> None:
    answer = await api.admin.get(f"/api/install-runs/{run}/events")
    assert (answer.status_code, answer.json()["code"]) == (404, "not_found:install_runs")
    assert api.live.open_streams == 0


async def test_another_stream_is_no_run(api: Api) -> None:
    run = await run_of(api, "slotted")
    slot = next(event for event in await history_of(api, run) if event["event"] == "InstallationReserved")
    answer = await api.admin.get(f"/api/install-runs/{slot['stream']}/events")
    assert answer.status_code == 404


async def test_positions_that_the_store_never_had_begin_with_the_run(api: Api) -> None:
    run = await run_of(api, "restored")
    head = await api.head()
    async with listen(api.admin, path_of(run), last_id=head + 1000) as stream:
        reset, queued = await stream.take(2)
    assert (reset.name, reset.data, reset.id) == ("reset", {"head": head}, 0)
    assert queued.name == "RunQueued"


async def test_it_does_not_wait_for_the_read_side(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path, projecting=False) as api:
        await api.connect("openai")
        run = await run_of(api, "unread")
        async with listen(api.admin, path_of(run)) as stream:
            await api.succeed(run)
            sent = await stream.to_the_end()
        stored = [recorded for recorded in await api.events() if run_history.run_of(recorded) == UUID(run["id"])]
    assert [one.position for one in sent[:-1]] == [recorded.position for recorded in stored]


async def test_everybody_who_watches_a_long_run_sees_all_of_it(api: Api) -> None:
    names = [f"many-{number}" for number in range(TARGETS)]
    for name in names:
        await api.connect(name)
    run = await run_of(api, "long", *names)
    async with asyncio.TaskGroup() as group:
        watching = [group.create_task(watched(api, run)) for _ in range(3)]
        for target in range(TARGETS):
            await api.succeed(run, target=target)
    history = await history_of(api, run)
    for watcher in watching:
        sent = watcher.result()
        assert [one.data for one in sent[:-1]] == history
        assert sent[-1].name == "end"


async def watched(api: Api, run: dict[str, Any]) -> list[Sent]:
    async with listen(api.admin, path_of(run)) as stream:
        return await stream.to_the_end(30)
