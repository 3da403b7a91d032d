"""What every implementation of roles must do. Subclass it in a module with the fixture `roles`, where nobody holds any."""

import asyncio

import pytest
from msgspec.structs import replace

from domain.ports import Lease, Roles
from tests.kit.waiting import eventually

LONG_SECONDS = 60.0
SHORT_SECONDS = 0.2
SOON_SECONDS = 5.0
CANDIDATES = 10


async def hold(roles: Roles, holder: str, *, role: str = "relay", seconds: float = LONG_SECONDS) -> Lease:
    lease = await roles.acquire(role=role, holder=holder, seconds=seconds)
    assert lease is not None
    return lease


async def succeed(roles: Roles, holder: str, *, role: str = "relay") -> Lease:
    """The role, as soon as the lease of the one who holds it has run out."""
    leases: list[Lease] = []

    async def acquired() -> bool:
        lease = await roles.acquire(role=role, holder=holder, seconds=LONG_SECONDS)
        leases.extend([lease] if lease else [])
        return bool(leases)

    await eventually(acquired, SOON_SECONDS)
    return leases[0]


class RolesConformance:
    pytestmark = pytest.mark.anyio

    async def test_a_free_role_is_had_for_the_asking(self, roles: Roles) -> None:
        lease = await hold(roles, "a")
        assert (lease.role, lease.holder, lease.position) == ("relay", "a", 0)

    async def test_one_holds_it_and_the_others_stand_by(self, roles: Roles) -> None:
        leases = await asyncio.gather(
            *(roles.acquire(role="relay", holder=str(number), seconds=LONG_SECONDS) for number in range(CANDIDATES))
        )
        assert len([lease for lease in leases if lease is not None]) == 1

    async def test_roles_are_independent(self, roles: Roles) -> None:
        relay, projector = await hold(roles, "a"), await hold(roles, "b", role="projector")
        assert await roles.advance(relay, position=7)
        await roles.release(relay)
        assert (await hold(roles, "b", role="projector")).position == 0
        assert projector.role == "projector"

    async def test_the_same_holder_gets_it_again_and_its_former_lease_is_void(self, roles: Roles) -> None:
        former, later = await hold(roles, "a"), await hold(roles, "a")
        assert later.epoch > former.epoch
        assert not await roles.renew(former, seconds=LONG_SECONDS)
        assert not await roles.advance(former, position=9)
        assert await roles.advance(later, position=1)

    async def test_the_epoch_of_another_holder_is_none(self, roles: Roles) -> None:
        """In a restored database the epochs come again that were given out before."""
        lease = await hold(roles, "a")
        from_before = replace(lease, holder="b")
        assert not await roles.renew(from_before, seconds=LONG_SECONDS)
        assert not await roles.advance(from_before, position=9)
        await roles.release(from_before)
        assert await roles.acquire(role="relay", holder="b", seconds=LONG_SECONDS) is None

    async def test_what_is_given_back_is_free_at_once_and_progress_stays(self, roles: Roles) -> None:
        lease = await hold(roles, "a")
        assert await roles.advance(lease, position=42)
        await roles.release(lease)
        successor = await hold(roles, "b")
        assert successor.position == 42
        assert successor.epoch > lease.epoch

    async def test_a_lease_that_ran_out_goes_to_another_and_its_holder_is_fenced(self, roles: Roles) -> None:
        frozen = await hold(roles, "a", seconds=SHORT_SECONDS)
        assert await roles.advance(frozen, position=5)
        successor = await succeed(roles, "b")
        assert successor.position == 5
        assert not await roles.renew(frozen, seconds=LONG_SECONDS)
        assert not await roles.advance(frozen, position=6)
        await roles.release(frozen)
        assert await roles.acquire(role="relay", holder="a", seconds=LONG_SECONDS) is None
        assert await roles.advance(successor, position=7)

    async def test_a_renewed_lease_outlives_its_first_time(self, roles: Roles) -> None:
        renewed = await hold(roles, "a", seconds=SHORT_SECONDS)
        assert await roles.renew(renewed, seconds=LONG_SECONDS)
        await hold(roles, "a", role="witness", seconds=SHORT_SECONDS)
        await succeed(roles, "b", role="witness")
        assert await roles.acquire(role="relay", holder="b", seconds=LONG_SECONDS) is None
        assert await roles.renew(renewed, seconds=LONG_SECONDS)
