"""When last uses are written: at once, then all together now and then; and never at the cost of a request."""

import asyncio
from collections.abc import Mapping

import pytest

from adapters.http.last_uses import CLOSE_SECONDS, LastUses, NotingAuthenticator
from domain.errors import StoreOffline, Unauthorized
from domain.events import Actor, Role
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

MOMENT_SECONDS = 0.02
SOON_SECONDS = 5.0
ANNA = Actor(kind="api_key", id="anna", name="Anna", role=Role.VIEWER)


class Listening:
    """Keeps what it is told; while `away` nothing gets through, and without `answers` nothing ends."""

    def __init__(self) -> None:
        self.told: list[Mapping[str, float]] = []
        self.tried = 0
        self.away = False
        self.answers = asyncio.Event()
        self.answers.set()

    async def note(self, seconds_ago: Mapping[str, float]) -> None:
        self.tried += 1
        await self.answers.wait()
        if self.away:
            raise StoreOffline
        self.told.append(seconds_ago)

    async def has_heard(self, times: int) -> None:
        async def heard() -> bool:
            return len(self.told) >= times

        await eventually(heard, SOON_SECONDS)


async def test_the_first_use_is_written_at_once() -> None:
    key_uses = Listening()
    uses = LastUses(key_uses)
    uses.note("anna")
    await key_uses.has_heard(1)
    assert set(key_uses.told[0]) == {"anna"}
    await uses.close()


async def test_what_is_used_within_a_window_is_written_once_and_together() -> None:
    key_uses = Listening()
    uses = LastUses(key_uses)
    uses.note("anna")
    await key_uses.has_heard(1)
    for _ in range(100):
        uses.note("anna")
        uses.note("main")
    await uses.close()
    assert [set(told) for told in key_uses.told] == [{"anna"}, {"anna", "main"}]


async def test_a_key_that_is_in_use_all_the_time_is_written_every_window() -> None:
    key_uses = Listening()
    uses = LastUses(key_uses, window_seconds=MOMENT_SECONDS)
    begun = asyncio.get_running_loop().time()
    for times in range(1, 4):
        uses.note("anna")
        await key_uses.has_heard(times)
    assert asyncio.get_running_loop().time() - begun >= 2 * MOMENT_SECONDS
    await uses.close()
    assert len(key_uses.told) == 3


async def test_how_long_ago_is_said_as_of_the_writing() -> None:
    key_uses = Listening()
    uses = LastUses(key_uses, window_seconds=MOMENT_SECONDS)
    uses.note("anna")
    await key_uses.has_heard(1)
    uses.note("main")
    await key_uses.has_heard(2)
    assert 0 < key_uses.told[1]["main"] < 1
    await uses.close()


async def test_what_could_not_be_written_is_written_later_with_what_came_since() -> None:
    key_uses = Listening()
    key_uses.away = True
    uses = LastUses(key_uses, window_seconds=MOMENT_SECONDS)
    uses.note("anna")
    uses.note("main")

    async def tried() -> bool:
        return key_uses.tried >= 2

    await eventually(tried, SOON_SECONDS)
    uses.note("anna")
    key_uses.away = False
    await key_uses.has_heard(1)
    (told,) = key_uses.told
    assert told["anna"] < told["main"]
    await uses.close()


async def test_only_so_many_keys_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.last_uses.KEYS_MAX", 2)
    key_uses = Listening()
    uses = LastUses(key_uses)
    for key_id in ("one", "two", "three", "one"):
        uses.note(key_id)
    await uses.close()
    (told,) = key_uses.told
    assert set(told) == {"one", "two"}
    assert told["one"] < told["two"]


async def test_a_use_while_an_earlier_one_cannot_be_written_is_the_one_that_counts() -> None:
    key_uses = Listening()
    key_uses.answers.clear()
    uses = LastUses(key_uses, window_seconds=MOMENT_SECONDS)
    uses.note("anna")

    async def is_under_way() -> bool:
        return key_uses.tried == 1

    await eventually(is_under_way, SOON_SECONDS)
    uses.note("main")
    uses.note("anna")
    key_uses.away = True
    key_uses.answers.set()

    async def has_failed() -> bool:
        return key_uses.tried == 2

    await eventually(has_failed, SOON_SECONDS)
    key_uses.away = False
    await key_uses.has_heard(1)
    assert key_uses.told[0]["anna"] < key_uses.told[0]["main"]
    await uses.close()


async def test_after_a_quiet_while_the_next_use_is_written_at_once_again() -> None:
    key_uses = Listening()
    uses = LastUses(key_uses, window_seconds=MOMENT_SECONDS)

    async def is_quiet() -> bool:
        return uses._task is None

    for times in (1, 2):
        uses.note("anna")
        await key_uses.has_heard(times)
        await eventually(is_quiet, SOON_SECONDS)
    await uses.close()


async def test_an_end_writes_what_waits_and_is_over_in_a_moment() -> None:
    key_uses = Listening()
    uses = LastUses(key_uses)
    uses.note("anna")
    await key_uses.has_heard(1)
    uses.note("main")
    await uses.close()
    assert "main" in key_uses.told[1]


async def test_an_end_does_not_wait_for_a_store_that_hangs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("adapters.http.last_uses.CLOSE_SECONDS", MOMENT_SECONDS)
    key_uses = Listening()
    key_uses.answers.clear()
    uses = LastUses(key_uses)
    uses.note("anna")
    async with asyncio.timeout(CLOSE_SECONDS):
        await uses.close()


async def test_an_end_without_any_use_is_no_mistake() -> None:
    key_uses = Listening()
    await LastUses(key_uses).close()
    assert key_uses.tried == 0


async def test_whoever_is_let_in_is_noted_and_whoever_is_not_is_not() -> None:
    async def authenticate(text: str | None) -> Actor:
        if text != "right":
            raise Unauthorized
        return ANNA

    key_uses = Listening()
    uses = LastUses(key_uses)
    noting = NotingAuthenticator(authenticate, uses=uses)
    with pytest.raises(Unauthorized):
        await noting("wrong")
    await uses.close()
    assert key_uses.tried == 0
    uses = LastUses(key_uses)
    assert await NotingAuthenticator(authenticate, uses=uses)("right") == ANNA
    await uses.close()
    assert [set(told) for told in key_uses.told] == [{"anna"}]
