"""A role that was not held for a moment is not held again: whoever of its work looked in that moment has stopped."""

import pytest

from adapters.memory.roles import MemoryRoles
from domain.ports import Lease
from tests.kit.waiting import eventually
from workers.tenure import LEASE_SECONDS, RENEW_SECONDS, Tenure

pytestmark = pytest.mark.anyio

SECONDS_MAX = 5.0


class Slow(MemoryRoles):
    """Answers when this process' clock stands elsewhere than when it was asked."""

    def __init__(self) -> None:
        super().__init__()
        self.now = 0.0
        self.renewing_seconds = 0.0
        self.renewals = 0

    def clock(self) -> float:
        return self.now

    async def advance(self, lease: Lease, *, position: int) -> bool:
        self.now += RENEW_SECONDS
        return await super().advance(lease, position=position)

    async def renew(self, lease: Lease, *, seconds: float) -> bool:
        kept = await super().renew(lease, seconds=seconds)
        self.now += self.renewing_seconds
        self.renewals += 1
        return kept


@pytest.mark.parametrize(
    ("renewing_seconds", "held"), [(0.1, True), (LEASE_SECONDS - RENEW_SECONDS, False)], ids=["in time", "too late"]
)
async def test_a_renewal_that_comes_too_late_does_not_bring_the_role_back(
    renewing_seconds: float, *, held: bool
) -> None:
    roles = Slow()
    tenure = await Tenure.begin(roles, role="relay", holder="one", clock=roles.clock)
    assert tenure is not None
    roles.renewing_seconds = renewing_seconds

    async def renewed() -> bool:
        return roles.renewals > 0 and (held or tenure.lost.is_set())

    tenure.position = 1
    try:
        await eventually(renewed, SECONDS_MAX)
        assert (tenure.held, tenure.lost.is_set()) == (held, not held)
    finally:
        await tenure.end()
