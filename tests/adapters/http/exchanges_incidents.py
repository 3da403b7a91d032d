"""What the API says to who wants to take a case along; the case itself is a zip, and no fixture."""

from typing import Final

import pytest

from domain.events import Role
from queries import gather_case
from tests.adapters.http.exchanges import NOBODY, Exchanges
from tests.adapters.http.serving import Api

EXPORT: Final = "/api/incidents/export"


async def exchange_incidents(say: Exchanges, api: Api) -> None:
    since = {"since": "2020-01-01T00:00:00Z"}
    await say.ask("incidents.export.not-found", api.admin, "POST", EXPORT, body={"runs": [NOBODY]})
    await say.ask("incidents.export.neither", api.admin, "POST", EXPORT, body={})
    await say.ask("incidents.export.forbidden", api.clients[Role.OPERATOR], "POST", EXPORT, body=since)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(gather_case, "EVENTS_MAX", 1)
        await say.ask("incidents.export.too-large", api.admin, "POST", EXPORT, body=since)
