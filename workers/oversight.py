"""What a person has to know of and nobody repairs by itself: a role that nobody has, and what falls behind. Said once."""

import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import Any, Final

import structlog

from adapters.postgres.roles import RoleStanding
from domain.errors import StoreOffline
from queries.read_model_health import ReadModelHealth

ROLES: Final = ("relay", "projector", "scheduler", "notary", "alerts")
OVERSEE_SECONDS: Final = 5.0
# What a working relay makes up for at once; its position is written down a few times a second only.
RELAY_LAG_MAX: Final = 5000
# A notary that can sign is a second behind.
CHECKPOINT_LAG_SECONDS_MAX: Final = 30.0

# What is wrong, by name, with the facts of it.
Troubles = Mapping[str, Mapping[str, Any]]

log = structlog.get_logger(__name__)


class Oversight:
    """A trouble is said when it was seen twice, since a role passes from one to another and a moment's lag is made up for; and
    once more when it is over.
    """

    def __init__(
        self,
        *,
        standing: Callable[[str], Awaitable[RoleStanding]],
        read_models: Callable[[], Awaitable[Sequence[ReadModelHealth]]],
        seconds: float = OVERSEE_SECONDS,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._standing = standing
        self._read_models = read_models
        self._seconds = seconds
        self._clock = clock
        self._looked_at = float("-inf")
        self._seen: Troubles = {}
        self.said: Troubles = {}

    async def look(self) -> None:
        """Once in a while, however often it is called. Nobody hears of a store that is away from here."""
        now = self._clock()
        if now - self._looked_at < self._seconds:
            return
        self._looked_at = now
        try:
            roles = {role: await self._standing(role) for role in ROLES}
            found = troubles(roles, await self._read_models())
        except StoreOffline:
            return
        lasting = {name: facts for name, facts in found.items() if name in self._seen}
        for name in lasting.keys() - self.said.keys():
            log.error("trouble_found", trouble=name, **lasting[name])
        for name in self.said.keys() - found.keys():
            log.info("trouble_over", trouble=name)
        still = {name: found[name] for name in self.said.keys() & found.keys()}
        self._seen, self.said = found, {**still, **lasting}


def troubles(roles: Mapping[str, RoleStanding], read_models: Sequence[ReadModelHealth]) -> Troubles:
    found: dict[str, Mapping[str, Any]] = {}
    for role, standing in roles.items():
        if not standing.held:
            found[f"{role}_missing"] = {"role": role, "last_holder": standing.holder}
        elif role == "relay" and standing.lag > RELAY_LAG_MAX:
            found["relay_behind"] = {"role": role, "lag_events": standing.lag}
    for model in read_models:
        if model.parked_event is not None:
            found[f"{model.name}_parked"] = {"read_model": model.name, "parked_event": str(model.parked_event)}
        elif not model.healthy:
            found[f"{model.name}_behind"] = {"read_model": model.name, "lag_events": model.lag}
    return found
