"""Many who ask at once, and those who go away in between, make one run."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from uuid import uuid4

import psycopg
import pytest

from domain.events import Role
from tests.adapters.http.asking_again import REPLAYED, RUNS, asked, is_replay, keyed, post, runs_of
from tests.adapters.http.serving import Api, serving
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

CALLERS = 100


@pytest.fixture(scope="module")
async def api(anyio_backend: str, module_database: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Api]:
    folder: Path = tmp_path_factory.mktemp("credentials")
    async with serving(module_database, folder) as served:
        for name in ("one", "two"):
            await served.connect(name)
        yield served


@pytest.fixture
async def skill(api: Api) -> str:
    """One that no other test installs."""
    name = f"skill-{uuid4().hex[:8]}"
    await api.register(name)
    return name


@pytest.mark.parametrize("key", [True, False], ids=["one key", "no key"])
async def test_of_a_hundred_equal_requests_at_once_one_makes_a_run_and_all_get_it(
    api: Api, skill: str, *, key: bool
) -> None:
    headers = keyed() if key else {}
    answers = await asyncio.gather(*(post(api, RUNS, headers=headers, json=asked(skill)) for _ in range(CALLERS)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert await runs_of(api, skill) == [answers[0].json()["id"]]
    if not key:
        assert sorted(answer.status_code for answer in answers) == [200] * (CALLERS - 1) + [202]
        return
    assert {answer.status_code for answer in answers} == {202}
    assert len({answer.content for answer in answers}) == 1
    assert [answer.headers.get(REPLAYED) for answer in answers].count("true") == CALLERS - 1


async def test_a_hundred_requests_with_a_key_each_are_one_run_too(api: Api, skill: str) -> None:
    answers = await asyncio.gather(*(post(api, RUNS, headers=keyed(), json=asked(skill)) for _ in range(CALLERS)))
    assert len({answer.json()["id"] for answer in answers}) == 1
    assert len(await runs_of(api, skill)) == 1


def raw(api: Api, headers: dict[str, str], body: bytes, *, length: int) -> bytes:
    lines = {
        "Host": "waybill",
        "Authorization": api.clients[Role.OPERATOR].headers["Authorization"],
        "Content-Type": "application/json",
        "Content-Length": str(length),
        **headers,
    }
    head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
    return f"POST {RUNS} HTTP/1.1\r\n{head}\r\n".encode() + body


async def test_who_goes_away_before_the_end_of_the_body_leaves_nothing_and_may_come_again(api: Api, skill: str) -> None:
    headers, body = keyed(), b'{"skill": "%s", "providers": ["one"]}' % skill.encode()
    await api.send_raw(raw(api, headers, body[:10], length=len(body)), and_leave=True)
    again = await post(api, RUNS, headers=headers | {"Content-Type": "application/json"}, content=body)
    assert (again.status_code, again.headers.get(REPLAYED)) == (202, None)
    assert await runs_of(api, skill) == [again.json()["id"]]


async def test_who_goes_away_before_the_answer_gets_the_run_when_he_comes_again(api: Api, skill: str) -> None:
    headers, body = keyed(), b'{"skill": "%s", "providers": ["one"]}' % skill.encode()
    await api.send_raw(raw(api, headers, body, length=len(body)), and_leave=True)
    again = await post(api, RUNS, headers=headers | {"Content-Type": "application/json"}, content=body)
    assert again.status_code == 202
    await eventually(lambda: runs_of(api, skill), 5)
    assert await runs_of(api, skill) == [again.json()["id"]]


@pytest.mark.parametrize("onDuplicate", ["reuse", "reject"])
async def test_an_api_that_is_killed_between_the_commit_and_the_answer_has_made_the_run_that_the_key_gets(
    api: Api,
    module_database: str,
    skill: str,
    onDuplicate: str,  # noqa: N803 - as the contract writes it
) -> None:
    """As the store looks then: the run is there, the key is claimed, and nobody says any more that he is at it."""
    headers, body = keyed(), asked(skill, onDuplicate=onDuplicate)
    first = await post(api, RUNS, headers=headers, json=body)
    await api.succeed(first.json())
    with psycopg.connect(module_database) as connection:
        connection.execute(
            "UPDATE idempotency_keys SET status = NULL, headers = NULL, body = NULL, claimed_until = now() WHERE made_id = %s",
            (first.json()["id"],),
        )
    before = await api.head()
    other = await post(api, RUNS, headers=headers, json=body | {"ref": "1"})
    assert other.status_code == 422
    again = await post(api, RUNS, headers=headers, json=body)
    assert (again.status_code, again.json()["id"], again.json()["status"]) == (202, first.json()["id"], "success")
    assert (again.headers.get(REPLAYED), again.json()["reused"]) == (None, False)
    assert await api.head() == before
    is_replay(await post(api, RUNS, headers=headers, json=body), again)
