from datetime import timedelta

import pytest

from commands.authenticate import RECHECK_SECONDS
from commands.issue_api_key import IssueApiKey
from commands.revoke_api_key import RevokeApiKey, RevokeApiKeyHandler
from domain.access.events import ApiKeyRevoked
from domain.access.key import SECRET_BYTES, write_key
from domain.access.state import key_stream
from domain.errors import ApiKeyNotFound, ApiKeyUnfit, Unauthorized
from domain.events import Actor, Context, Role
from tests.commands.world import World
from tests.kit.facts import NOON, context

pytestmark = pytest.mark.anyio

CI = IssueApiKey(key_id="main", name="CI", role=Role.OPERATOR)


def context_of(key_id: str) -> Context:
    actor = Actor(kind="api_key", id=key_id, name=key_id, role=Role.ADMIN)
    return Context(actor=actor, request_id="test-request", correlation_id=context().correlation_id)


async def revoke(world: World, key_id: str, *, by: str = "admin") -> None:
    await RevokeApiKeyHandler(handling=world.handling)(RevokeApiKey(key_id=key_id), context_of(by))


async def issued(world: World, command: IssueApiKey = CI) -> str:
    key = await world.issue_api_key(command, context())
    assert key is not None
    return key


async def test_a_revoked_key_is_recorded_with_who_revoked_it(empty: World) -> None:
    await issued(empty)
    await revoke(empty, "main")
    _, revoked = await empty.store.load(key_stream("main"))
    assert (revoked.event, revoked.actor.id) == (ApiKeyRevoked(key_id="main"), "admin")


async def test_a_second_time_it_stays_quiet(empty: World) -> None:
    await issued(empty)
    for world in (empty, empty, empty.another_process()):
        await revoke(world, "main")
    assert await empty.store.head() == 2


async def test_a_key_that_was_never_issued_is_refused(empty: World) -> None:
    with pytest.raises(ApiKeyNotFound, match="id nobody"):
        await revoke(empty, "nobody")


async def test_a_key_does_not_revoke_itself(empty: World) -> None:
    await issued(empty)
    with pytest.raises(ApiKeyUnfit):
        await revoke(empty, "main", by="main")
    assert await empty.store.head() == 1


async def test_it_opens_nothing_any_more_within_a_second_wherever_it_was_known(empty: World) -> None:
    """The one that revoked it, and one that has just looked it up."""
    key = await issued(empty)
    elsewhere = empty.another_process()
    assert (await elsewhere.authenticate(key)).id == (await empty.authenticate(key)).id == "main"
    await revoke(empty, "main")
    for world in (empty, elsewhere):
        world.pass_time(RECHECK_SECONDS)
        with pytest.raises(Unauthorized, match="revoked"):
            await world.authenticate(key)
    assert RECHECK_SECONDS <= 1


async def test_whoever_serves_its_holder_for_longer_learns_of_it(empty: World) -> None:
    holder = await empty.authenticate(await issued(empty))
    await empty.authenticate.recheck(holder)
    await revoke(empty, "main")
    empty.pass_time(RECHECK_SECONDS)
    with pytest.raises(Unauthorized, match="revoked"):
        await empty.authenticate.recheck(holder)


async def test_who_does_not_know_the_secret_is_not_told_that_a_key_was_revoked(empty: World) -> None:
    await issued(empty)
    await revoke(empty, "main")
    with pytest.raises(Unauthorized) as refused:
        await empty.authenticate(write_key(key_id="main", secret=bytes(SECRET_BYTES)))
    assert "revoked" not in refused.value.detail


async def test_two_keys_of_one_name_are_valid_at_once_for_a_change_without_a_gap(empty: World) -> None:
    former = await issued(empty)
    following = await issued(empty, IssueApiKey(key_id="main2", name="CI", role=Role.OPERATOR))
    holders = [await empty.authenticate(key) for key in (former, following)]
    assert [(holder.id, holder.name) for holder in holders] == [("main", "CI"), ("main2", "CI")]
    await revoke(empty, "main", by="main2")
    empty.pass_time(RECHECK_SECONDS)
    with pytest.raises(Unauthorized, match="revoked"):
        await empty.authenticate(former)
    assert (await empty.authenticate(following)).id == "main2"


async def test_a_key_that_has_expired_is_revoked_and_then_said_to_be(empty: World) -> None:
    command = IssueApiKey(key_id="main", name="CI", role=Role.VIEWER, expires_at=NOON + timedelta(seconds=1))
    key = await issued(empty, command)
    empty.pass_time(60)
    await revoke(empty, "main")
    with pytest.raises(Unauthorized, match="revoked"):
        await empty.authenticate(key)
