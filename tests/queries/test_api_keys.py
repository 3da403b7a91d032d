from datetime import UTC, datetime, timedelta

import msgspec
import pytest

from adapters.postgres.key_uses import PostgresKeyUses
from domain.access.events import ApiKeyIssued, ApiKeyRevoked
from domain.access.state import key_stream
from domain.errors import ApiKeyNotFound
from domain.events import Role
from queries.api_key_view import ApiKey, KeyStatus
from queries.get_api_key import GetApiKey, get_api_key
from queries.list_api_keys import ListApiKeys, list_api_keys
from tests.kit.projection_spec import ADMIN, History
from tests.kit.read_side import ReadSide

pytestmark = pytest.mark.anyio

LONG = timedelta(days=1)


def issued(key_id: str, name: str, role: Role = Role.VIEWER, *, expires_in: timedelta | None = None) -> ApiKeyIssued:
    expires_at = None if expires_in is None else datetime.now(UTC) + expires_in
    return ApiKeyIssued(key_id=key_id, name=name, role=role, secret_sha256="ab" * 32, expires_at=expires_at)


def keys() -> History:
    """From the oldest: `first`, `second`, and so on."""
    history = History()
    for one in (
        issued("first", "Admin", Role.ADMIN),
        issued("second", "CI 배포", Role.OPERATOR, expires_in=LONG),
        issued("third", "ci%100", expires_in=-LONG),
        issued("fourth", "Anna", Role.OPERATOR),
        issued("fifth", "Anna", expires_in=-LONG),
    ):
        history.add(key_stream(one.key_id), one)
    for key_id in ("fourth", "fifth"):
        history.add(key_stream(key_id), ApiKeyRevoked(key_id=key_id))
    return history


async def listed(side: ReadSide, query: ListApiKeys) -> list[str]:
    return [key.id for key in (await list_api_keys(side.reader, query)).items]


async def test_keys_are_listed_newest_first_in_pages_that_stay_right(side: ReadSide) -> None:
    """Also when some are revoked in between: the place of a key is that of its issuance."""
    history = keys()
    await side.tell(history.events)
    first = await list_api_keys(side.reader, ListApiKeys(limit=2))
    before = len(history.events)
    history.add(key_stream("sixth"), issued("sixth", "later"))
    for key_id in ("third", "first"):
        history.add(key_stream(key_id), ApiKeyRevoked(key_id=key_id))
    await side.tell(history.events[before:])
    second = await list_api_keys(side.reader, ListApiKeys(limit=2, cursor=first.next_cursor))
    third = await list_api_keys(side.reader, ListApiKeys(limit=2, cursor=second.next_cursor))
    assert [[key.id for key in page.items] for page in (first, second, third)] == [
        ["fifth", "fourth"],
        ["third", "second"],
        ["first"],
    ]
    assert third.next_cursor is None


@pytest.mark.parametrize(
    ("query", "found"),
    [
        (ListApiKeys(role=(Role.OPERATOR,)), ["fourth", "second"]),
        (ListApiKeys(role=(Role.ADMIN, Role.OPERATOR)), ["fourth", "second", "first"]),
        (ListApiKeys(status=(KeyStatus.ACTIVE,)), ["second", "first"]),
        (ListApiKeys(status=(KeyStatus.EXPIRED,)), ["third"]),
        (ListApiKeys(status=(KeyStatus.REVOKED,)), ["fifth", "fourth"]),
        (ListApiKeys(status=(KeyStatus.EXPIRED, KeyStatus.ACTIVE)), ["third", "second", "first"]),
        (ListApiKeys(q="anna"), ["fifth", "fourth"]),
        (ListApiKeys(q="배포"), ["second"]),
        (ListApiKeys(q="%"), ["third"]),
        (ListApiKeys(q="FIR"), ["first"]),
        (ListApiKeys(q="anna", role=(Role.OPERATOR,), status=(KeyStatus.REVOKED,)), ["fourth"]),
        (ListApiKeys(q="nobody"), []),
    ],
    ids=[
        "a role",
        "roles",
        "active",
        "expired",
        "revoked",
        "statuses",
        "a name",
        "korean",
        "no pattern",
        "an id",
        "all together",
        "nobody",
    ],
)
async def test_keys_are_found_by_what_a_person_looks_for(side: ReadSide, query: ListApiKeys, found: list[str]) -> None:
    await side.tell(keys().events)
    assert await listed(side, query) == found


async def test_one_key_is_shown_as_it_is_now(side: ReadSide) -> None:
    history = keys()
    await side.tell(history.events)
    shown = (await get_api_key(side.reader, GetApiKey(key_id="fourth"))).item
    assert (shown.id, shown.name, shown.role, shown.status) == ("fourth", "Anna", Role.OPERATOR, KeyStatus.REVOKED)
    assert (shown.created_at, shown.created_by) == (history.events[3].at, ADMIN)
    assert (shown.revoked_at, shown.revoked_by, shown.position) == (history.events[5].at, ADMIN, 6)


async def test_a_key_expires_while_nothing_happens(side: ReadSide) -> None:
    """By the database's clock, which is asked when the key is."""
    history = History()
    history.add(key_stream("brief"), issued("brief", "brief", expires_in=timedelta(seconds=-0.001)))
    history.add(key_stream("long"), issued("long", "long", expires_in=timedelta(minutes=1)))
    await side.tell(history.events)
    assert (await get_api_key(side.reader, GetApiKey(key_id="brief"))).item.status is KeyStatus.EXPIRED
    assert (await get_api_key(side.reader, GetApiKey(key_id="long"))).item.status is KeyStatus.ACTIVE


async def test_the_last_use_stands_beside_what_the_events_say(side: ReadSide) -> None:
    await side.tell(keys().events)
    await PostgresKeyUses(side.pool).note({"second": 60.0, "nobody": 0.0})
    shown = {key.id: key.last_used_at for key in (await list_api_keys(side.reader, ListApiKeys())).items}
    used_at = shown.pop("second")
    assert used_at is not None
    assert abs(datetime.now(UTC) - used_at - timedelta(minutes=1)) < timedelta(seconds=30)
    assert set(shown.values()) == {None}


@pytest.mark.parametrize("key_id", ["nobody", "", "ci\0", "a:b"], ids=ascii)
async def test_a_key_that_is_not_there(side: ReadSide, key_id: str) -> None:
    await side.tell(keys().events)
    with pytest.raises(ApiKeyNotFound):
        await get_api_key(side.reader, GetApiKey(key_id=key_id))


def test_the_resource_has_the_fields_of_the_contract() -> None:
    contract = "id name role createdAt createdBy expiresAt lastUsedAt revokedAt revokedBy status position"
    assert [field.encode_name for field in msgspec.structs.fields(ApiKey)] == contract.split()
