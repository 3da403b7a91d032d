"""Wrong keys cost their address, and neither the database nor anybody whose key is right."""

import asyncio

import pytest

from adapters.http.errors import TooManyRequests
from adapters.http.key_checks import RIGHT_KEYS_MAX, KeyChecks
from adapters.http.rate_limits import RateLimit
from domain.access.key import write_key
from domain.errors import StoreOffline, Unauthorized
from domain.events import Actor, Role
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

HERE = "203.0.113.7"
BURST = 5


def key(number: int) -> str:
    return write_key(key_id=f"key{number:09}", secret=number.to_bytes(32))


class Door:
    """What the streams say of keys, and how often they were asked."""

    def __init__(self, *right: str) -> None:
        self.right = set(right)
        self.asked = 0
        self.offline = False
        self.open = asyncio.Event()
        self.open.set()

    async def was_asked(self) -> bool:
        return self.asked > 0

    async def __call__(self, text: str | None) -> Actor:
        self.asked += 1
        await self.open.wait()
        if self.offline:
            raise StoreOffline
        if text not in self.right:
            raise Unauthorized
        return Actor(kind="api_key", id="k", name="k", role=Role.ADMIN)


def checks(door: Door) -> KeyChecks:
    return KeyChecks(door, budget=RateLimit(name="wrong-keys", per_second=1, burst=BURST, clock=lambda: 0.0))


async def answers(asking: KeyChecks, *texts: str | None, address: str = HERE) -> list[str]:
    """What becomes of each, one after the other."""
    said = []
    for text in texts:
        try:
            await asking.holder(text, address=address)
            said.append("in")
        except (Unauthorized, TooManyRequests, StoreOffline) as error:
            said.append(type(error).__name__)
    return said


async def test_beyond_its_budget_wrong_keys_are_refused_without_a_look() -> None:
    door = Door()
    said = await answers(checks(door), *map(key, range(20)))
    assert said == ["Unauthorized"] * BURST + ["TooManyRequests"] * 15
    assert door.asked == BURST


async def test_what_is_no_key_at_all_costs_nothing() -> None:
    asking = checks(Door(key(1)))
    assert set(await answers(asking, *["wb_nonsense", None, "", "k\xff"] * 20)) == {"Unauthorized"}
    assert await answers(asking, key(1)) == ["in"]


async def test_a_key_that_was_right_is_not_locked_out_by_its_neighbours() -> None:
    door = Door(key(1), key(2))
    asking = checks(door)
    assert await answers(asking, key(1)) == ["in"]
    await answers(asking, *map(key, range(10, 30)))
    assert await answers(asking, *[key(1)] * 50) == ["in"] * 50
    assert await answers(asking, key(2)) == ["TooManyRequests"], "nobody knows that one yet"
    assert await answers(asking, key(2), address="203.0.113.8") == ["in"]


async def test_a_right_key_costs_nothing_however_often_and_at_once_it_comes() -> None:
    door = Door(key(1))
    door.open.clear()
    asking = checks(door)
    first = [asyncio.create_task(asking.holder(key(1), address=HERE)) for _ in range(100)]
    await eventually(door.was_asked, 5)
    door.open.set()
    assert len(await asyncio.gather(*first)) == 100
    assert door.asked == 1
    assert await answers(asking, *map(key, range(10, 10 + BURST))) == ["Unauthorized"] * BURST


async def test_a_wrong_key_that_comes_a_hundred_times_at_once_is_looked_up_once() -> None:
    door = Door()
    door.open.clear()
    asking = checks(door)
    first = [asyncio.create_task(asking.holder(key(1), address=HERE)) for _ in range(100)]
    await eventually(door.was_asked, 5)
    door.open.set()
    results = await asyncio.gather(*first, return_exceptions=True)
    assert {type(result) for result in results} == {Unauthorized}
    assert door.asked == 1


async def test_many_wrong_keys_at_once_get_no_more_looks_than_one_after_the_other() -> None:
    door = Door()
    door.open.clear()
    asking = checks(door)
    first = [asyncio.create_task(asking.holder(key(number), address=HERE)) for number in range(100)]
    await eventually(door.was_asked, 5)
    door.open.set()
    await asyncio.gather(*first, return_exceptions=True)
    assert door.asked == BURST


async def test_a_key_that_is_revoked_is_a_wrong_one_from_then_on() -> None:
    door = Door(key(1))
    asking = checks(door)
    assert await answers(asking, key(1)) == ["in"]
    door.right.clear()
    said = await answers(asking, *[key(1)] * (BURST + 3))
    assert said == ["Unauthorized"] * (BURST + 1) + ["TooManyRequests"] * 2


async def test_a_database_that_is_away_is_nobodys_fault() -> None:
    door = Door(key(1))
    door.offline = True
    asking = checks(door)
    assert await answers(asking, *[key(1)] * 50) == ["StoreOffline"] * 50
    door.offline = False
    assert await answers(asking, key(1)) == ["in"]


async def test_who_asks_first_and_goes_away_takes_nobody_with_them() -> None:
    door = Door(key(1))
    door.open.clear()
    asking = checks(door)
    gone = asyncio.create_task(asking.holder(key(1), address=HERE))
    stays = asyncio.create_task(asking.holder(key(1), address=HERE))
    await eventually(door.was_asked, 5)
    gone.cancel()
    door.open.set()
    assert (await stays).id == "k"
    with pytest.raises(asyncio.CancelledError):
        await gone


async def test_no_more_keys_are_remembered_than_there_is_room_for() -> None:
    door = Door(key(1))
    asking = checks(door)
    asking._right = {number.to_bytes(32) for number in range(RIGHT_KEYS_MAX)}
    assert await answers(asking, key(1)) == ["in"]
    assert len(asking._right) == 1
