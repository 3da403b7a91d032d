import asyncio
from datetime import timedelta
from typing import Any

import msgspec
import pytest

from commands.issue_api_key import FIRST_KEY_ID, IssueApiKey
from domain.access.decisions import LIFETIME_MAX
from domain.access.events import ApiKeyIssued
from domain.access.key import hash_secret, read_key
from domain.access.state import key_stream
from domain.errors import BadRequest
from domain.events import Role
from tests.commands.world import World
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

FIRST = IssueApiKey(key_id=FIRST_KEY_ID, name="The first", role=Role.ADMIN, expires_at=NOON + timedelta(days=1))


async def test_an_issued_key_is_recorded_by_the_hash_of_its_secret(empty: World) -> None:
    key = await empty.issue_api_key(FIRST, context())
    presented = read_key(key or "")
    assert presented is not None
    assert await empty.events(key_stream(FIRST_KEY_ID)) == [
        ApiKeyIssued(
            key_id=FIRST_KEY_ID,
            name="The first",
            role=Role.ADMIN,
            secret_sha256=hash_secret(presented.secret),
            expires_at=NOON + timedelta(days=1),
        )
    ]


async def test_the_secret_is_kept_nowhere(empty: World) -> None:
    key = await empty.issue_api_key(FIRST, context())
    presented = read_key(key or "")
    assert presented is not None
    recorded = msgspec.json.encode(await empty.store.read(after=0, limit=10)).decode()
    assert presented.secret not in recorded
    assert empty.store.rows == {}


async def test_it_expires_so_many_seconds_after_it_was_issued(empty: World) -> None:
    empty.pass_time(30)
    key = await empty.issue_api_key(
        IssueApiKey(key_id="brief", name="brief", role=Role.VIEWER, expires_in_seconds=60), context()
    )
    (issued,) = await empty.events(key_stream("brief"))
    assert isinstance(issued, ApiKeyIssued)
    assert issued.expires_at == NOON + timedelta(seconds=90)
    assert (await empty.authenticate(key)).id == "brief"


@pytest.mark.parametrize(
    "wanted",
    [
        {"expires_at": NOON},
        {"expires_in_seconds": 0},
        {"expires_in_seconds": int(LIFETIME_MAX.total_seconds()) + 1},
        {"name": "a\nb"},
    ],
    ids=["in the past", "at once", "too late", "no name"],
)
async def test_what_makes_no_sense_is_refused_and_leaves_nothing_behind(empty: World, wanted: dict[str, Any]) -> None:
    facts: dict[str, Any] = {"key_id": "main", "name": "CI", "role": Role.VIEWER} | wanted
    with pytest.raises(BadRequest):
        await empty.issue_api_key(IssueApiKey(**facts), context())
    assert await empty.store.head() == 0


async def test_a_key_id_is_issued_once(empty: World) -> None:
    first = await empty.issue_api_key(FIRST, context())
    assert first is not None
    assert await empty.issue_api_key(FIRST, context()) is None
    assert await empty.another_process().issue_api_key(FIRST, context()) is None
    assert await empty.store.head() == 1
    assert (await empty.authenticate(first)).id == FIRST_KEY_ID


async def test_of_several_first_starts_one_gets_the_key(empty: World) -> None:
    worlds = [empty.another_process() for _ in range(10)]
    keys = await asyncio.gather(*(world.issue_api_key(FIRST, context()) for world in worlds))
    (key,) = [key for key in keys if key is not None]
    assert (await empty.authenticate(key)).role is Role.ADMIN


async def test_no_two_keys_are_alike(empty: World) -> None:
    keys = [await empty.issue_api_key(msgspec.structs.replace(FIRST, key_id=f"key{n}"), context()) for n in range(20)]
    secrets = {read_key(key or "") for key in keys}
    assert None not in secrets
    assert len(secrets) == 20
