"""Pages stay right while rows arrive, change and go: what was there and still matches is on exactly one page."""

from collections.abc import Awaitable, Callable, Mapping
from random import Random
from typing import Any, Final

import pytest
from msgspec import Struct

from adapters.memory.chat_texts import MemoryChatTexts
from adapters.memory.event_store import MemoryEventStore
from domain.chat.state import ChatStatus
from domain.install_run.state import RunStatus
from queries.list_api_keys import ListApiKeys, list_api_keys
from queries.list_audit_log import ListAuditLog, list_audit_log
from queries.list_chat_actions import ListChatActions, list_chat_actions
from queries.list_install_runs import ListInstallRuns, list_install_runs
from queries.list_installations import ListInstallations, list_installations
from queries.list_providers import ListProviders, list_providers
from queries.list_skill_versions import ListSkillVersions, list_skill_versions
from queries.list_skills import ListSkills, list_skills
from queries.paging import LIMIT_MAX, Page
from queries.reading import Reader
from tests.kit.facts import SOMEBODY
from tests.kit.read_side import ReadSide
from tests.queries.churning import FIRST, Churn

pytestmark = pytest.mark.anyio

STEPS_BEFORE: Final = 300
STEPS_BETWEEN_MAX: Final = 4
PAGE_MAX: Final = 6
ROUNDS_MAX: Final = 400

Read = Callable[[Reader, str | None, int], Awaitable[Page[Any]]]


def a_list(query: Callable[..., Any], read: Callable[[Reader, Any], Awaitable[Page[Any]]], **filters: Any) -> Read:
    return lambda reader, cursor, limit: read(reader, query(cursor=cursor, limit=limit, **filters))


async def versions(reader: Reader, query: ListSkillVersions) -> Page[Any]:
    return await list_skill_versions(reader, FIRST, query)


async def chat_actions(reader: Reader, query: ListChatActions) -> Page[Any]:
    """As somebody who may read none of the words."""
    return await list_chat_actions(reader, MemoryChatTexts(MemoryEventStore()), query, seen_by=SOMEBODY)


LISTS: Final[Mapping[str, Read]] = {
    "skills": a_list(ListSkills, list_skills),
    "archived skills": a_list(ListSkills, list_skills, archived=True),
    "skills searched": a_list(ListSkills, list_skills, q="skill-1"),
    "versions": a_list(ListSkillVersions, versions),
    "providers": a_list(ListProviders, list_providers),
    "active providers": a_list(ListProviders, list_providers, active=True),
    "runs": a_list(ListInstallRuns, list_install_runs),
    "queued runs": a_list(ListInstallRuns, list_install_runs, status=(RunStatus.QUEUED, RunStatus.RUNNING)),
    "runs at one": a_list(ListInstallRuns, list_install_runs, provider=("connection-1",)),
    "runs searched": a_list(ListInstallRuns, list_install_runs, q="skill-1"),
    "installations": a_list(ListInstallations, list_installations),
    "installations as they were": a_list(ListInstallations, list_installations, drift=("none",)),
    "installations searched": a_list(ListInstallations, list_installations, q="connection-1"),
    "keys": a_list(ListApiKeys, list_api_keys),
    "chat actions": a_list(ListChatActions, chat_actions),
    "chat actions that have not ended": a_list(
        ListChatActions, chat_actions, status=(ChatStatus.RECEIVED, ChatStatus.WAITING, ChatStatus.CONFIRMED)
    ),
    "audit log": a_list(ListAuditLog, list_audit_log),
    "failures": a_list(ListAuditLog, list_audit_log, result=("failure",)),
    "audit log searched": a_list(ListAuditLog, list_audit_log, q="skill-1"),
}


def name_of(item: Struct) -> object:
    """What tells an item from the others of its list."""
    return getattr(item, "id", None) or getattr(item, "version", None) or getattr(item, "position", None)


class Walk:
    """One list, read page by page, and beside that what it holds altogether after each change."""

    def __init__(self, read: Read, random: Random) -> None:
        self._read = read
        self._random = random
        self._cursor: str | None = None
        self.over = False
        self.seen: list[object] = []
        self.always: set[object] | None = None
        self.ever: set[object] = set()

    async def look(self, reader: Reader) -> None:
        held, cursor = set(), None
        for _ in range(ROUNDS_MAX):
            page = await self._read(reader, cursor, LIMIT_MAX)
            held |= {name_of(item) for item in page.items}
            cursor = page.next_cursor
            if cursor is None:
                break
        self.always = held if self.always is None else self.always & held
        self.ever |= held

    async def turn(self, reader: Reader) -> None:
        page = await self._read(reader, self._cursor, self._random.randint(1, PAGE_MAX))
        assert not page.stale
        self.seen += [name_of(item) for item in page.items]
        self._cursor = page.next_cursor
        self.over = self._cursor is None


@pytest.mark.parametrize("seed", [1, pytest.param(2, marks=pytest.mark.long)])
async def test_what_stays_is_on_one_page_and_no_other(side: ReadSide, seed: int) -> None:
    churn, random = Churn(seed), Random(seed)  # noqa: S311 - the same walk every time
    for _ in range(STEPS_BEFORE):
        churn.step()
    await side.tell(churn.events())
    walks = {name: Walk(read, random) for name, read in LISTS.items()}
    for _ in range(ROUNDS_MAX):
        going = [walk for walk in walks.values() if not walk.over]
        if not going:
            break
        for walk in going:
            await walk.look(side.reader)
            await walk.turn(side.reader)
        for _ in range(random.randint(1, STEPS_BETWEEN_MAX)):
            churn.step()
        await side.tell(churn.events())
    for name, walk in walks.items():
        assert walk.over, name
        assert walk.always, f"{name}: nothing to find"
        assert len(walk.seen) == len(set(walk.seen)), name
        assert walk.always <= set(walk.seen) <= walk.ever, name
