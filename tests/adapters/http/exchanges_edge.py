"""What the edge answers by itself: to a key that is wrong, and to one that asks too often."""

from typing import Final

from domain.access.key import write_key
from tests.adapters.http.bare import bare_app
from tests.adapters.http.exchanges import Exchanges
from tests.adapters.http.serving import Api, listening, open_client

BURST: Final = 5


async def exchange_edge(say: Exchanges, api: Api) -> None:
    async with open_client(api.url, write_key(key_id="nobody", secret=bytes(32))) as client:
        await say.ask("errors.unauthorized.wrong-key", client, "GET", "/api/skills")
    async with listening(bare_app(requests_per_second=1)) as url, open_client(url, "wb_any") as client:
        for _ in range(BURST):
            await client.get("/api/nowhere")
        await say.ask("errors.rate-limited", client, "GET", "/api/install-runs")
