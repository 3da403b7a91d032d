"""What the API says of a run in its past, of checkpoints and proofs, and of what webhooks were told."""

from typing import Final
from uuid import UUID

from msgspec.structs import replace

from adapters.evidence.signing import new_signing_key
from adapters.postgres.connection import open_pool
from adapters.postgres.webhook_deliveries import PostgresDeliveries
from domain.alert.deliveries import DeliveryStatus
from domain.events import Role
from tests.adapters.http.exchanges import NOBODY, Exchanges
from tests.adapters.http.serving import Api
from tests.kit.deliveries_conformance import delivery
from tests.kit.sealing import seal

SKILL: Final = "evidence-results"
BEYOND: Final = 999_999


async def exchange_evidence(say: Exchanges, api: Api, database: str) -> None:
    await _look_back(say, api)
    await _prove(say, api, database)
    failed = delivery(id=UUID(int=1), http_status=503)
    async with open_pool(database, name="test", size_max=1) as pool:
        await PostgresDeliveries(pool).note((replace(failed, status=DeliveryStatus.FAILED),))
    await say.ask("alert-deliveries.list", api.clients[Role.OPERATOR], "GET", "/api/alert-deliveries?webhook=pager")


async def _look_back(say: Exchanges, api: Api) -> None:
    viewer = api.clients[Role.VIEWER]
    await api.register(SKILL)
    answer = await api.admin.post("/api/install-runs", json={"skill": SKILL, "providers": ["openai"]})
    assert answer.status_code == 202, answer.text
    run = f"/api/install-runs/{answer.json()['id']}"
    await say.ask("install-runs.state", viewer, "GET", f"{run}/state")
    await say.ask("install-runs.diff", viewer, "GET", f"{run}/diff?from=0")
    await say.ask("install-runs.why", viewer, "GET", f"{run}/why")
    for name in ("state", "diff", "why"):
        path = f"/api/install-runs/{NOBODY}/{name}"
        await say.ask(f"install-runs.{name}.not-found", viewer, "GET", path)


async def _prove(say: Exchanges, api: Api, database: str) -> None:
    viewer = api.clients[Role.VIEWER]
    former = "/api/checkpoint/consistency?formerSize=1"
    await say.ask("checkpoint.not-signed", viewer, "GET", "/api/checkpoint")
    await say.ask("checkpoint.consistency.not-signed", viewer, "GET", former)
    await say.ask("events.proof.not-found", viewer, "GET", f"/api/events/{BEYOND}/proof")
    skill = next(recorded for recorded in await api.events() if recorded.topic == "skill.skill_registered")
    await say.ask("events.proof.not-signed", viewer, "GET", f"/api/events/{skill.id}/proof")
    await seal(database, new_signing_key("waybill-12345678"))
    await say.ask("checkpoint.consistency", viewer, "GET", former)
