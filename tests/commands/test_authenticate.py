from datetime import datetime, timedelta

import pytest

from commands.authenticate import RECHECK_SECONDS, Authenticate
from commands.issue_api_key import IssueApiKey
from domain.access.key import SECRET_BYTES, read_key, write_key
from domain.errors import StoreOffline, Unauthorized
from domain.events import Actor, Role
from tests.commands.stores import Unplugged
from tests.commands.world import World
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio


async def issue(world: World, *, expires_at: datetime | None = None) -> str:
    command = IssueApiKey(key_id="anna", name="Anna", role=Role.OPERATOR, expires_at=expires_at)
    key = await world.issue_api_key(command, context())
    assert key is not None
    return key


async def test_a_key_tells_whose_it_is(empty: World) -> None:
    key = await issue(empty)
    anna = Actor(kind="api_key", id="anna", name="Anna", role=Role.OPERATOR)
    assert await empty.authenticate(key) == anna
    assert await empty.authenticate(key) == anna
    assert await empty.another_process().authenticate(key) == anna


@pytest.mark.parametrize("text", [None, "", "wb_", "Bearer wb_anna", "wb_anna_secret"])
async def test_what_is_no_key_opens_nothing(empty: World, text: str | None) -> None:
    await issue(empty)
    with pytest.raises(Unauthorized):
        await empty.authenticate(text)


async def test_a_mistyped_key_opens_nothing_and_is_not_looked_up() -> None:
    store = Unplugged()
    world = World(store)
    key = await issue(world)
    store.away = True
    with pytest.raises(Unauthorized):
        await world.authenticate(key[:-1] + ("0" if key[-1] != "0" else "1"))
    assert store.tried == 0


async def test_another_secret_with_a_right_checksum_opens_nothing(empty: World) -> None:
    key = await issue(empty)
    forged = write_key(key_id="anna", secret=bytes(SECRET_BYTES))
    assert read_key(forged) is not None
    for _ in range(2):
        with pytest.raises(Unauthorized):
            await empty.authenticate(forged)
        assert (await empty.authenticate(key)).id == "anna"


async def test_a_key_that_was_never_issued_opens_nothing_until_it_is(empty: World) -> None:
    with pytest.raises(Unauthorized):
        await empty.authenticate(write_key(key_id="anna", secret=bytes(SECRET_BYTES)))
    assert (await empty.authenticate(await issue(empty))).id == "anna"


async def test_a_key_opens_until_the_moment_it_expires(empty: World) -> None:
    key = await issue(empty, expires_at=NOON + timedelta(minutes=1))
    empty.pass_time(59.9)
    assert (await empty.authenticate(key)).id == "anna"
    empty.pass_time(0.1)
    with pytest.raises(Unauthorized, match="expired"):
        await empty.authenticate(key)


async def test_who_does_not_know_the_secret_is_not_told_that_a_key_expired(empty: World) -> None:
    await issue(empty, expires_at=NOON + timedelta(minutes=1))
    empty.pass_time(60)
    with pytest.raises(Unauthorized) as refused:
        await empty.authenticate(write_key(key_id="anna", secret=bytes(SECRET_BYTES)))
    assert "expired" not in refused.value.detail


@pytest.mark.parametrize("seconds", [RECHECK_SECONDS, -RECHECK_SECONDS])
async def test_a_key_is_believed_for_a_moment_and_then_looked_up_again(seconds: float) -> None:
    """Also if the clock was set back."""
    store = Unplugged()
    world = World(store)
    key = await issue(world)
    await world.authenticate(key)
    store.away = True
    world.pass_time(seconds * 0.9)
    assert (await world.authenticate(key)).id == "anna"
    world.pass_time(seconds * 0.1)
    with pytest.raises(StoreOffline):
        await world.authenticate(key)


async def test_a_rechecked_holder_is_turned_away_when_the_key_expires(empty: World) -> None:
    holder = await empty.authenticate(await issue(empty, expires_at=NOON + timedelta(minutes=1)))
    empty.pass_time(59.9)
    await empty.authenticate.recheck(holder)
    empty.pass_time(0.1)
    with pytest.raises(Unauthorized, match="expired"):
        await empty.authenticate.recheck(holder)


async def test_who_never_had_a_key_is_not_rechecked_into_having_one(empty: World) -> None:
    with pytest.raises(Unauthorized):
        await empty.authenticate.recheck(Actor(kind="system", id="relay", name="relay"))


async def test_a_recheck_believes_what_was_looked_up_a_moment_ago() -> None:
    store = Unplugged()
    world = World(store)
    holder = await world.authenticate(await issue(world))
    store.away = True
    world.pass_time(RECHECK_SECONDS * 0.9)
    await world.authenticate.recheck(holder)
    world.pass_time(RECHECK_SECONDS * 0.1)
    with pytest.raises(StoreOffline):
        await world.authenticate.recheck(holder)


async def test_the_memory_of_keys_is_bounded(empty: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("commands.authenticate.KEYS_CACHED_MAX", 2)
    authenticate = Authenticate(store=empty.store, clock=lambda: NOON)
    for number in range(5):
        command = IssueApiKey(key_id=f"key{number}", name="many", role=Role.VIEWER)
        key = await empty.issue_api_key(command, context())
        assert (await authenticate(key)).id == f"key{number}"
        assert len(authenticate._known) <= 2
