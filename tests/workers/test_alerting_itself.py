"""What the alerts part says of Waybill itself, and that a read model which is built again is no reason to say anything."""

import pytest

from adapters.postgres.connection import open_pool
from adapters.postgres.key_uses import PostgresKeyUses
from adapters.postgres.roles import PostgresRoles
from commands.issue_api_key import IssueApiKey
from commands.revoke_api_key import RevokeApiKey, RevokeApiKeyHandler
from domain.alert.events import AlertRaised
from domain.alert.rules import Expiring, Lag, Lasting
from domain.errors import Code
from domain.events import Role
from tests.kit.facts import context
from tests.workers.alarmed import Alarmed, only

pytestmark = pytest.mark.anyio

DAY_SECONDS = 86_400
BEHIND = Lag(events=1, after_seconds=10)
LATER_SECONDS = 60
PARK = "UPDATE read_models SET parked_event = gen_random_uuid(), parked_error = 'No.' WHERE name = 'skills'"
UNPARK = "UPDATE read_models SET parked_event = NULL, parked_error = NULL WHERE name = 'skills'"


async def test_a_part_that_nobody_runs_is_said_until_somebody_does(scene: Alarmed) -> None:
    async with open_pool(scene.url, name="roles", size_max=1) as pool, scene.part(only(part_missing=Lasting())):
        roles = PostgresRoles(pool)
        for role in ("scheduler", "watchdog", "notary"):
            assert await roles.acquire(role=role, holder="test", seconds=600)
        scene.world.pass_time(LATER_SECONDS)
        await scene.looked()
        scene.world.pass_time(LATER_SECONDS)
        (raised,) = await scene.until_said(("raised", "part:relay"))
        assert raised.facts == {"part": "relay", "lastHolder": None}
        assert await roles.acquire(role="relay", holder="test", seconds=600)
        scene.world.pass_time(LATER_SECONDS)
        await scene.until_said(("raised", "part:relay"), ("resolved", "part:relay"))


@pytest.mark.long
async def test_a_relay_that_falls_behind_is_said(scene: Alarmed) -> None:
    async with open_pool(scene.url, name="roles", size_max=1) as pool, scene.part(only(relay_lag=BEHIND)):
        roles = PostgresRoles(pool)
        lease = await roles.acquire(role="relay", holder="test", seconds=600)
        assert lease is not None
        scene.world.pass_time(LATER_SECONDS)
        await scene.looked()
        scene.world.pass_time(LATER_SECONDS)
        (raised,) = await scene.until_said(("raised", "part:relay"))
        assert raised.facts["lagEvents"] == await scene.log.head() - 1
        await roles.advance(lease, position=await scene.log.head() + 2)
        scene.world.pass_time(LATER_SECONDS)
        await scene.until_said(("raised", "part:relay"), ("resolved", "part:relay"))


async def test_events_that_nobody_seals_are_said(scene: Alarmed) -> None:
    async with open_pool(scene.url, name="seal", size_max=1) as pool, scene.part(only(checkpoint_lag=BEHIND)):
        scene.world.pass_time(LATER_SECONDS)
        await scene.looked()
        scene.world.pass_time(LATER_SECONDS)
        await scene.until_said(("raised", "part:notary"))
        async with pool.connection() as connection:
            await connection.execute("INSERT INTO checkpoint (size, note, public_key) VALUES (1000, '', '')")
        scene.world.pass_time(LATER_SECONDS)
        await scene.until_said(("raised", "part:notary"), ("resolved", "part:notary"))


@pytest.mark.long
async def test_a_read_model_that_is_parked_is_said_at_once(scene: Alarmed) -> None:
    async with open_pool(scene.url, name="park", size_max=1) as pool, scene.part(only(projection_lag=Lag())):
        await scene.looked()
        async with pool.connection() as connection:
            await connection.execute(PARK)
            scene.world.pass_time(LATER_SECONDS)
            (raised,) = await scene.until_said(("raised", "read_model:skills"))
            assert isinstance(raised.facts["parkedEvent"], str)
            await connection.execute(UNPARK)
        scene.world.pass_time(LATER_SECONDS)
        await scene.until_said(("raised", "read_model:skills"), ("resolved", "read_model:skills"))


async def test_a_key_in_use_that_expires_soon_is_said_until_it_is_revoked(scene: Alarmed) -> None:
    async with open_pool(scene.url, name="keys", size_max=1) as pool:
        for key_id, days in (("soon", 7), ("late", 700), ("idle", 7)):
            command = IssueApiKey(
                key_id=key_id, name="CI", role=Role.VIEWER, expires_in_seconds=days * DAY_SECONDS, expires_at=None
            )
            await scene.world.issue_api_key(command, context())
        await PostgresKeyUses(pool).note({"soon": 1.0, "late": 1.0})
    async with scene.part(only(credential_expiring=Expiring())):
        (raised,) = await scene.until_said(("raised", "api_key:soon"))
        assert (raised.facts["name"], raised.facts["role"]) == ("CI", "viewer")
        revoke = RevokeApiKeyHandler(handling=scene.world.handling)
        await revoke(RevokeApiKey(key_id="soon"), context())
        scene.world.pass_time(LATER_SECONDS)
        await scene.until_said(("raised", "api_key:soon"), ("resolved", "api_key:soon"))


@pytest.mark.long
async def test_that_nats_was_away_is_said_when_it_is_back(scene: Alarmed) -> None:
    async with scene.part(only(nats_offline=Lasting(after_seconds=10))):
        await scene.looked()
        await scene.nats.kill()
        await scene.cut_off()
        scene.world.pass_time(LATER_SECONDS)
        await scene.looked()
        scene.world.pass_time(LATER_SECONDS)
        await scene.until_recorded(AlertRaised)
        await scene.nats.start()
        await scene.connected_again()
        scene.world.pass_time(LATER_SECONDS)
        await scene.until_said(("raised", "store"), ("resolved", "store"))


async def test_a_read_model_that_is_built_again_raises_nothing(scene: Alarmed) -> None:
    """Neither what it tells of, nor that it is behind."""
    async with scene.part(only(projection_lag=BEHIND)):
        await scene.fail(3, code=Code.PROVIDER_INTERNAL)
        await scene.rebuild("alerts", "providers", "install_runs")
        scene.world.pass_time(LATER_SECONDS)
        await scene.looked()
    assert await scene.events(AlertRaised) == []
