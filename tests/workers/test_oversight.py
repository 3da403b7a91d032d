"""What nobody repairs by itself is said: once when it has lasted, once when it is over."""

from collections.abc import Sequence
from uuid import uuid4

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from adapters.postgres.roles import RoleStanding
from domain.errors import StoreOffline
from queries.read_model_health import LAG_MAX, ReadModelHealth
from workers.oversight import OVERSEE_SECONDS, RELAY_LAG_MAX, ROLES, Oversight, troubles

pytestmark = pytest.mark.anyio

WELL = RoleStanding(holder="somebody", held=True, position=10, lag=0)
SKILLS = ReadModelHealth(name="skills", position=10, lag=0, parked_event=None, parked_error=None)


class Overseen:
    """What there is to see; `pass_time` and look again."""

    def __init__(self) -> None:
        self.now = 0.0
        self.roles = dict.fromkeys(ROLES, WELL)
        self.read_models: Sequence[ReadModelHealth] = (SKILLS,)
        self.away = False
        self.asked = 0
        self.oversight = Oversight(standing=self._standing, read_models=self._models, clock=lambda: self.now)

    async def _standing(self, role: str) -> RoleStanding:
        self.asked += 1
        if self.away:
            raise StoreOffline
        return self.roles[role]

    async def _models(self) -> Sequence[ReadModelHealth]:
        return self.read_models

    async def look(self, times: int = 1) -> list[tuple[str, str]]:
        """What is said in so many more looks."""
        with capture_logs() as logs:
            for _ in range(times):
                self.now += OVERSEE_SECONDS
                await self.oversight.look()
        return [(entry["event"], entry["trouble"]) for entry in logs]


async def test_while_all_is_well_nothing_is_said() -> None:
    assert await Overseen().look(5) == []


@pytest.mark.parametrize("role", ROLES)
async def test_a_role_that_nobody_has_is_said_once_and_once_more_when_somebody_has_it(role: str) -> None:
    overseen = Overseen()
    overseen.roles[role] = replace(WELL, held=False)
    assert await overseen.look(1) == []
    assert await overseen.look(5) == [("trouble_found", f"{role}_missing")]
    overseen.roles[role] = WELL
    assert await overseen.look(5) == [("trouble_over", f"{role}_missing")]


async def test_what_is_over_before_the_next_look_is_not_said() -> None:
    overseen = Overseen()
    for standing in (replace(WELL, held=False), WELL) * 3:
        overseen.roles["relay"] = standing
        assert await overseen.look() == []


async def test_the_facts_are_said_with_it() -> None:
    overseen = Overseen()
    overseen.roles["relay"] = replace(WELL, lag=RELAY_LAG_MAX + 1)
    await overseen.look(2)
    assert overseen.oversight.said == {"relay_behind": {"role": "relay", "lag_events": RELAY_LAG_MAX + 1}}


async def test_it_looks_once_in_a_while_however_often_it_is_called() -> None:
    overseen = Overseen()
    for _ in range(10):
        await overseen.oversight.look()
    assert overseen.asked == len(ROLES)


async def test_a_store_that_is_away_changes_nothing_of_what_is_known() -> None:
    overseen = Overseen()
    overseen.roles["scheduler"] = replace(WELL, held=False)
    await overseen.look(2)
    overseen.away = True
    assert await overseen.look(3) == []
    overseen.away = False
    assert await overseen.look(3) == []


def test_only_what_a_person_has_to_see_to_is_a_trouble() -> None:
    parked = replace(SKILLS, name="providers", lag=9, parked_event=uuid4())
    behind = replace(SKILLS, name="installations", lag=LAG_MAX + 1)
    a_little = replace(SKILLS, lag=LAG_MAX)
    # Another role's position says nothing.
    roles = {"relay": replace(WELL, lag=RELAY_LAG_MAX), "scheduler": replace(WELL, lag=10**9)}
    assert troubles(roles, (parked, behind, a_little)) == {
        "providers_parked": {"read_model": "providers", "parked_event": str(parked.parked_event)},
        "installations_behind": {"read_model": "installations", "lag_events": LAG_MAX + 1},
    }
