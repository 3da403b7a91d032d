"""How long a key is waited for, and what becomes of it when something goes wrong on the way."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import httpx2
import pytest
from msgspec.structs import replace

from adapters.http import idempotency
from adapters.http.app import build_app
from adapters.http.denials import Denials
from adapters.http.idempotency_key import HEADER
from adapters.memory.idempotency import MemoryIdempotencyKeys
from commands.archive_skill import ArchiveSkill, ArchiveSkillHandler, SkillArchiving
from domain.errors import Busy, StoreOffline
from domain.events import Context
from domain.idempotency import KeptAnswer, KeyClaim
from tests.adapters.http.asking_again import REPLAYED
from tests.adapters.http.bare import admit, bare_application, forget
from tests.adapters.http.serving import listening, open_client
from tests.commands.world import NAME, World
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

PATH = f"/api/skills/{NAME}/archive"
KEYED = {HEADER: "kbo"}
SOON_SECONDS = 5.0


class Counting(MemoryIdempotencyKeys):
    """Counts what is asked of it, by a clock that is set by hand; while `away` nothing can be kept or given back."""

    def __init__(self) -> None:
        super().__init__(clock=lambda: self.now)
        self.now = 0.0
        self.claims = self.renewals = 0
        self.away = False

    async def claim(self, **wanted: Any) -> Any:
        self.claims += 1
        return await super().claim(**wanted)

    async def renew(self, claim: KeyClaim, *, seconds: float) -> bool:
        self.renewals += 1
        if self.renewals == 1:
            raise StoreOffline
        return await super().renew(claim, seconds=seconds)

    async def keep(self, claim: KeyClaim, answer: KeptAnswer, *, kept_seconds: float) -> bool:
        self._check()
        return await super().keep(claim, answer, kept_seconds=kept_seconds)

    async def release(self, claim: KeyClaim) -> None:
        self._check()
        await super().release(claim)

    def _check(self) -> None:
        if self.away:
            raise StoreOffline


class Stage:
    """The API on ports in memory, where archiving a skill takes until it is `let` through, and may fail."""

    def __init__(self, world: World) -> None:
        self.keys = Counting()
        self.let = asyncio.Event()
        self.let.set()
        self.failure: Exception | None = None
        self.carried_out = 0
        self._archive = ArchiveSkillHandler(handling=world.handling)
        application = replace(
            bare_application(), archive_skill=self.archive, store=world.store, idempotency_keys=self.keys
        )
        self.app = build_app(
            application=application,
            authenticate=admit,
            denials=Denials(record=forget),
            checks=(),
            version="0.0.0",
        )

    async def archive(self, command: ArchiveSkill, context: Context) -> SkillArchiving:
        self.carried_out += 1
        await self.let.wait()
        if self.failure is not None:
            raise self.failure
        return await self._archive(command, context)


@asynccontextmanager
async def _client(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    async with listening(stage.app) as url, open_client(url, "a-key") as client:
        yield client


@pytest.fixture
async def stage(anyio_backend: str) -> Stage:
    world = World()
    await world.register()
    return Stage(world)


@pytest.fixture
async def client(stage: Stage) -> AsyncIterator[httpx2.AsyncClient]:
    async with _client(stage) as client:
        yield client


async def begun(stage: Stage, client: httpx2.AsyncClient) -> "asyncio.Task[httpx2.Response]":
    """A request that is at it, and stays so."""
    stage.let.clear()
    first = asyncio.create_task(client.post(PATH, headers=KEYED))
    await true(lambda: stage.carried_out)
    return first


async def true(condition: Callable[[], object]) -> None:
    async def is_true() -> object:
        return condition()

    await eventually(is_true, SOON_SECONDS)


async def test_who_comes_while_the_first_is_at_it_waits_for_its_answer(
    stage: Stage, client: httpx2.AsyncClient
) -> None:
    first = await begun(stage, client)
    second = asyncio.create_task(client.post(PATH, headers=KEYED))
    await true(lambda: stage.keys.claims > 2)
    assert not second.done()
    stage.let.set()
    answers = [await first, await second]
    assert [answer.headers.get(REPLAYED) for answer in answers] == [None, "true"]
    assert answers[0].content == answers[1].content
    assert stage.carried_out == 1


async def test_who_has_waited_long_enough_is_told_to_come_again(
    stage: Stage, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "WAIT_SECONDS", 0.05)
    first = await begun(stage, client)
    second = await client.post(PATH, headers=KEYED)
    assert (second.status_code, second.json()["code"]) == (409, "conflict:api")
    assert (second.headers["Retry-After"], second.json()["retryable"]) == ("1", True)
    stage.let.set()
    assert (await first).status_code == 200
    assert (await client.post(PATH, headers=KEYED)).headers[REPLAYED] == "true"


async def test_who_takes_long_keeps_the_claim_also_when_it_could_not_be_renewed_once(
    stage: Stage, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "RENEW_SECONDS", 0.01)
    first = await begun(stage, client)
    second = asyncio.create_task(client.post(PATH, headers=KEYED))
    for _ in range(3):
        stage.keys.now += idempotency.CLAIM_SECONDS * 0.8
        seen = stage.keys.renewals
        await true(lambda: stage.keys.renewals > seen + 2)  # noqa: B023 - awaited within the round
    tried = stage.keys.claims
    await true(lambda: stage.keys.claims > tried)
    assert stage.carried_out == 1
    stage.let.set()
    assert [(await answer).status_code for answer in (first, second)] == [200, 200]
    assert stage.carried_out == 1


async def test_who_is_not_heard_of_any_more_is_followed_by_the_one_who_waits(
    stage: Stage, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "RENEW_SECONDS", 3600.0)
    first = await begun(stage, client)
    second = asyncio.create_task(client.post(PATH, headers=KEYED))
    await true(lambda: stage.keys.claims > 1)
    stage.keys.now += idempotency.CLAIM_SECONDS
    await true(lambda: stage.carried_out == 2)
    stage.let.set()
    answers = [await first, await second]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert (await client.post(PATH, headers=KEYED)).headers[REPLAYED] == "true"
    assert stage.carried_out == 2


@pytest.mark.parametrize("failure", [StoreOffline(), RuntimeError("nobody expected this")], ids=["offline", "unknown"])
async def test_what_failed_without_anybody_knowing_how_far_it_came_is_carried_out_again_as_it_was(
    stage: Stage, client: httpx2.AsyncClient, failure: Exception
) -> None:
    stage.failure = failure
    assert (await client.post(PATH, headers=KEYED)).status_code in (500, 503)
    stage.failure = None
    other = await client.post("/api/skills/other/archive", headers=KEYED)
    assert (other.status_code, other.json()["code"]) == (422, "unprocessable:idempotency")
    again = await client.post(PATH, headers=KEYED)
    assert (again.status_code, again.headers.get(REPLAYED)) == (200, None)
    assert stage.carried_out == 2


async def test_what_is_refused_after_that_may_have_been_done_before_all_the_same(
    stage: Stage, client: httpx2.AsyncClient
) -> None:
    """So the key still belongs to this request."""
    for failure, status in ((StoreOffline(), 503), (Busy(), 409)):
        stage.failure = failure
        assert (await client.post(PATH, headers=KEYED)).status_code == status
    assert (await client.post("/api/skills/other/archive", headers=KEYED)).status_code == 422
    stage.failure = None
    assert (await client.post(PATH, headers=KEYED)).status_code == 200


async def test_what_was_refused_leaves_the_key_as_it_was(stage: Stage, client: httpx2.AsyncClient) -> None:
    refused = await client.post("/api/skills/nobody/archive", headers=KEYED)
    assert refused.status_code == 404
    assert (await client.post(PATH, headers=KEYED)).status_code == 200


@pytest.mark.parametrize("failure", [None, RuntimeError("nobody expected this")], ids=["done", "failed"])
async def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    stage: Stage, client: httpx2.AsyncClient, failure: Exception | None
) -> None:
    stage.keys.away, stage.failure = True, failure
    assert (await client.post(PATH, headers=KEYED)).status_code == (500 if failure else 200)


async def test_an_answer_that_is_too_large_is_given_and_not_kept(
    stage: Stage, client: httpx2.AsyncClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(idempotency, "ANSWER_BYTES_MAX", 10)
    for _ in range(2):
        answer = await client.post(PATH, headers=KEYED)
        assert (answer.status_code, answer.headers.get(REPLAYED)) == (200, None)
    assert stage.carried_out == 2


async def test_the_claim_of_a_request_without_a_key_is_nobodys_business(
    stage: Stage, client: httpx2.AsyncClient
) -> None:
    assert (await client.post(PATH)).status_code == 200
    assert stage.keys.claims == 0


async def test_whoever_carries_it_out_again_makes_the_same(stage: Stage, anyio_backend: str) -> None:
    """A run is made under the id that the first one had for it, so that it cannot be made twice."""
    made: list[UUID | None] = []

    async def act(made_id: UUID | None) -> Any:
        made.append(made_id)
        raise StoreOffline

    claims = [
        await stage.keys.claim(
            key_id=UUID(int=1), fingerprint=b"", claim_id=UUID(int=number), seconds=0, kept_seconds=60
        )
        for number in (7, 8)
    ]
    for claim in claims:
        with pytest.raises(StoreOffline):
            await idempotency._carry_out(stage.keys, claim, act)
    assert made == [UUID(int=7)] * 2
