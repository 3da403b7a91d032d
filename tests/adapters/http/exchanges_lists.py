"""Lists: the page after a page, searches, and filters that are refused."""

from typing import Final

from tests.adapters.http.exchanges import Exchanges
from tests.adapters.http.serving import Api

SEARCHES: Final = {
    "providers.list.search": "/api/providers?q=openai&kind=openai&active=true&limit=1",
    "install-runs.list.search": "/api/install-runs?q=kbo&status=success&limit=1",
    "installations.list.search": "/api/installations?q=kbo&drift=none&limit=1",
    "audit-log.list.search": "/api/audit-log?q=kbo&action=skill.registered&limit=1",
}
REFUSED: Final = {
    "errors.cursor-made-up": "/api/install-runs?cursor=bm90LW91cnM",
    "errors.filter-empty": "/api/install-runs?skill=",
    "errors.time-without-zone": "/api/install-runs?since=2026-11-22T12:00:00",
    "errors.until-before-since": "/api/audit-log?since=2026-11-22T12:00:00Z&until=2026-11-22T11:00:00Z",
    "errors.action-unknown": "/api/audit-log?action=skill.registred",
}


async def exchange_lists(say: Exchanges, api: Api) -> None:
    first = await say.ask("install-runs.list.first", api.admin, "GET", "/api/install-runs?kind=install&limit=1")
    cursor = first["nextCursor"]
    await say.ask("install-runs.list.next", api.admin, "GET", f"/api/install-runs?kind=install&limit=1&cursor={cursor}")
    await say.ask("errors.cursor-of-other-filters", api.admin, "GET", f"/api/install-runs?cursor={cursor}")
    for name, path in (SEARCHES | REFUSED).items():
        await say.ask(name, api.admin, "GET", path)
