"""Waits for the runs that a message began, and says how they ended."""

import asyncio
from typing import Final
from uuid import UUID

from domain.chat.facts import RunsFound, StatusFound
from domain.chat.intent import Action, Intent, Language
from domain.chat.outcome import Outcome
from domain.chat.ports import ChatWorld, RunsWanted
from domain.chat.replies.replying import reply
from domain.errors import StoreOffline

POLL_SECONDS: Final = 2.0
# Slack takes answers for half an hour.
FOLLOW_SECONDS: Final = 25 * 60.0


class Following:
    def __init__(self, world: ChatWorld, *, poll_seconds: float = POLL_SECONDS) -> None:
        self._world = world
        self._poll_seconds = poll_seconds

    async def __call__(self, run_ids: tuple[UUID, ...], language: Language) -> str | None:
        """How they ended, None if they take longer than anybody waits here."""
        clock = asyncio.get_running_loop().time
        deadline = clock() + FOLLOW_SECONDS
        while clock() < deadline:
            found = await self._ended(run_ids)
            if found is not None:
                return reply(_outcome(found, language))
            await asyncio.sleep(self._poll_seconds)
        return None

    async def _ended(self, run_ids: tuple[UUID, ...]) -> RunsFound | None:
        """None: not all of them have, or nobody can say now."""
        try:
            found = await self._world.runs(RunsWanted(ids=run_ids), limit=len(run_ids))
        except StoreOffline:
            return None
        ended = len(found.items) == len(run_ids) and all(run.status.ended for run in found.items)
        return found if ended else None


def _outcome(found: RunsFound, language: Language) -> Outcome:
    return Outcome(
        language=language,
        intent=Intent(action=Action.STATUS),
        accepted=True,
        found=StatusFound(runs=found.items, installations=()),
    )
