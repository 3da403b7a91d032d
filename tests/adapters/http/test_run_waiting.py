"""What a caller knows of a run already is not sent again, and who waits is answered when there is more to say."""

import asyncio
import itertools
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx2
import pytest

from adapters.http.live import WAITS_PER_KEY_MAX
from commands.revoke_api_key import RevokeApiKey
from domain.events import Role
from tests.adapters.http.parts import projecting_on
from tests.adapters.http.serving import Api, context, open_client, serving
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

LONG = 20
SOON_SECONDS = 3.0
NUMBERS = itertools.count(1)


@pytest.fixture(scope="module", autouse=True)
async def things(api: Api) -> None:
    await api.connect("openai", kind="noop")


@pytest.fixture
async def run(api: Api) -> AsyncIterator[dict[str, Any]]:
    name = f"waited-{next(NUMBERS)}"
    await api.register(name)
    yield await api.queue(name, "openai")
    assert api.live.waits.total == 0


async def ask(api: Api, run: dict[str, Any], etag: str | None = None, **query: Any) -> httpx2.Response:
    headers = {} if etag is None else {"If-None-Match": etag}
    return await api.admin.get(f"/api/install-runs/{run['id']}", params=query, headers=headers)


async def waiting(api: Api, count: int) -> None:
    async def so_many() -> bool:
        return api.live.waits.total == count

    await eventually(so_many, 5)


async def test_the_etag_is_the_position(api: Api, run: dict[str, Any]) -> None:
    before = await ask(api, run)
    assert before.headers["ETag"] == f'W/"{before.json()["position"]}"'
    await api.begin(run)
    after = await ask(api, run)
    assert after.headers["ETag"] == f'W/"{after.json()["position"]}"' != before.headers["ETag"]


@pytest.mark.parametrize(
    ("written", "status"),
    [
        ('W/"{}"', 304),
        ('"{}"', 304),
        ('"other", W/"{}"', 304),
        ('W/"{}","other"', 304),
        ("*", 304),
        ('W/"0"', 200),
        ('"other"', 200),
        ("{}9", 200),
        ("", 200),
    ],
)
async def test_what_is_known_is_not_sent_again(api: Api, run: dict[str, Any], written: str, status: int) -> None:
    position = (await ask(api, run)).json()["position"]
    answer = await ask(api, run, written.format(position))
    assert (answer.status_code, answer.headers["ETag"]) == (status, f'W/"{position}"')
    assert bool(answer.content) is (status == 200)
    assert "Content-Type" in answer.headers or status == 304


@pytest.mark.parametrize("wait", ["-1", "31", "x", "nan", "inf", ""], ids=str)
async def test_a_wait_is_a_number_of_seconds(api: Api, run: dict[str, Any], wait: str) -> None:
    answer = await ask(api, run, wait=wait)
    assert (answer.status_code, [error["pointer"] for error in answer.json()["errors"]]) == (400, ["?wait"])


async def test_with_an_etag_the_next_change_is_waited_for(api: Api, run: dict[str, Any]) -> None:
    known = await ask(api, run)
    asking = asyncio.create_task(ask(api, run, known.headers["ETag"], wait=LONG))
    await waiting(api, 1)
    await api.begin(run)
    answer = await asyncio.wait_for(asking, SOON_SECONDS)
    assert (answer.status_code, answer.json()["status"], answer.json()["stale"]) == (200, "running", False)
    assert answer.json()["position"] == await api.head()


async def test_a_change_that_came_before_is_told_at_once(api: Api, run: dict[str, Any]) -> None:
    known = await ask(api, run)
    await api.begin(run)
    answer = await asyncio.wait_for(ask(api, run, known.headers["ETag"], wait=LONG), SOON_SECONDS)
    assert (answer.status_code, answer.json()["status"]) == (200, "running")


async def test_without_an_etag_the_end_is_waited_for(api: Api, run: dict[str, Any]) -> None:
    asking = asyncio.create_task(ask(api, run, wait=LONG))
    await waiting(api, 1)
    await api.succeed(run)
    answer = await asyncio.wait_for(asking, SOON_SECONDS)
    assert (answer.status_code, answer.json()["status"], answer.json()["stale"]) == (200, "success", False)
    again = await asyncio.wait_for(ask(api, run, wait=LONG), SOON_SECONDS)
    assert again.json() == answer.json()


async def test_who_waits_in_vain_is_told_so_when_the_time_is_over(api: Api, run: dict[str, Any]) -> None:
    known = await ask(api, run)
    began = time.monotonic()
    unchanged = await ask(api, run, known.headers["ETag"], wait="0.3")
    assert (unchanged.status_code, unchanged.headers["ETag"]) == (304, known.headers["ETag"])
    unfinished = await ask(api, run, wait="0.3")
    assert (unfinished.status_code, unfinished.json()) == (200, known.json())
    assert 0.6 <= time.monotonic() - began < SOON_SECONDS
    assert (await ask(api, run, known.headers["ETag"], wait=0)).status_code == 304
    assert (await ask(api, run, wait=0)).status_code == 200


async def test_a_run_that_has_ended_may_still_change(api: Api, run: dict[str, Any]) -> None:
    await api.fail(run)
    known = await ask(api, run)
    asking = asyncio.create_task(ask(api, run, known.headers["ETag"], wait=LONG))
    await waiting(api, 1)
    again = (await api.admin.post(f"/api/install-runs/{run['id']}/retry")).json()
    answer = await asyncio.wait_for(asking, SOON_SECONDS)
    assert answer.json()["retriedBy"] == again["id"]


async def test_an_unknown_run_is_not_waited_for(api: Api) -> None:
    answer = await api.admin.get("/api/install-runs/00000000-0000-4000-8000-000000000000?wait=20")
    assert answer.status_code == 404


async def test_who_leaves_is_not_waited_for(api: Api, run: dict[str, Any]) -> None:
    asking = asyncio.create_task(ask(api, run, wait=LONG))
    await waiting(api, 1)
    asking.cancel()
    await waiting(api, 0)


async def test_a_key_that_is_revoked_while_its_holder_waits_gets_nothing(api: Api, run: dict[str, Any]) -> None:
    async with open_client(api.url, await api.new_key("waiter", Role.VIEWER)) as client:
        asking = asyncio.create_task(client.get(f"/api/install-runs/{run['id']}?wait=1.5"))
        await waiting(api, 1)
        await api.commands.revoke_api_key(RevokeApiKey(key_id="waiter"), context())
        assert (await asking).status_code == 401


async def test_so_many_may_wait_and_no_more(api: Api, run: dict[str, Any]) -> None:
    key = await api.new_key("queue", Role.VIEWER)
    async with open_client(api.url, key) as client, open_client(api.url, key) as other:
        path = f"/api/install-runs/{run['id']}"
        asking = [asyncio.create_task(client.get(path, params={"wait": LONG})) for _ in range(WAITS_PER_KEY_MAX)]
        await waiting(api, WAITS_PER_KEY_MAX)
        refused = await other.get(path, params={"wait": LONG})
        assert (refused.status_code, refused.json()["code"]) == (429, "rate_limit:api")
        assert (await other.get(path)).status_code == 200
        await api.succeed(run)
        answers = await asyncio.wait_for(asyncio.gather(*asking), LONG)
        assert {answer.json()["status"] for answer in answers} == {"success"}


async def test_an_answer_is_not_older_than_what_it_was_woken_by(api: Api, run: dict[str, Any]) -> None:
    """Whoever asks on and on from what was answered before sees positions that only grow, up to the end."""

    async def follow() -> list[int]:
        seen: list[int] = []
        etag = None
        while True:
            answer = await ask(api, run, etag or 'W/"0"', wait=LONG)
            assert (answer.status_code, answer.json()["stale"]) == (200, False)
            etag = answer.headers["ETag"]
            seen.append(answer.json()["position"])
            if answer.json()["status"] == "success":
                return seen

    async with asyncio.timeout(LONG), asyncio.TaskGroup() as group:
        following = [group.create_task(follow()) for _ in range(5)]
        await waiting(api, 5)
        attempt_id = await api.begin(run)
        await api.succeed(run, attempt_id=attempt_id)
    for task in following:
        seen = task.result()
        assert seen == sorted(set(seen))


async def test_nobody_keeps_the_server_from_stopping(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path) as api:
        await api.connect("openai")
        await api.register("stopping")
        run = await api.queue("stopping", "openai")
        known = await ask(api, run)
        changed = asyncio.create_task(ask(api, run, known.headers["ETag"], wait=LONG))
        ended = asyncio.create_task(ask(api, run, wait=LONG))
        await waiting(api, 2)
        api.live.stopping.set()
        assert (await asyncio.wait_for(changed, SOON_SECONDS)).status_code == 304
        assert (await asyncio.wait_for(ended, SOON_SECONDS)).json()["status"] == "queued"


async def test_a_read_side_that_is_behind_is_no_news(database: str, tmp_path: Path) -> None:
    """Nothing projects, so the run is not known here yet."""
    async with serving(database, tmp_path, projecting=False) as api:
        await api.connect("openai")
        await api.register("unread")
        run = await api.queue("unread", "openai")
        assert (await ask(api, run, wait=1)).status_code == 503


async def test_a_read_side_that_is_behind_is_waited_for(database: str, tmp_path: Path) -> None:
    async with serving(database, tmp_path, projecting=False) as api:
        async with projecting_on(database, api.log):
            await api.connect("openai")
            await api.register("behind")
            run = await api.queue("behind", "openai")

            async def shown() -> bool:
                return (await ask(api, run)).status_code == 200

            await eventually(shown, SOON_SECONDS)
        known = await ask(api, run)
        asking = asyncio.create_task(ask(api, run, known.headers["ETag"], wait=LONG))
        await waiting(api, 1)
        await api.begin(run)
        behind = await ask(api, run)
        assert (behind.json()["stale"], behind.headers["ETag"]) == (True, known.headers["ETag"])
        # Who has heard of more than can be read here yet is not sent back to it.
        assert (await ask(api, run, f'W/"{await api.head()}"')).status_code == 304
        assert not asking.done()
        async with projecting_on(database, api.log):
            answer = await asyncio.wait_for(asking, LONG)
        assert (answer.status_code, answer.json()["status"], answer.json()["stale"]) == (200, "running", False)
