"""What a server says of itself: its metrics, in both forms, and the details of its readiness."""

from typing import Final

import httpx2
from prometheus_client import CollectorRegistry

from adapters.http.health import CheckOutcome
from adapters.http.health_details import Details
from adapters.http.observation import Exposition, Observation
from adapters.telemetry.catalog import OLDEST_QUEUED, QUEUE_DEPTH, UP
from adapters.telemetry.exposition import OPENMETRICS, Readings, asks_for_openmetrics, expose
from tests.adapters.http.bare import bare_app, check
from tests.adapters.http.details import DETAILS
from tests.adapters.http.exchanges import HEADERS, Exchanges
from tests.adapters.http.serving import listening, open_client

READINGS: Final[Readings] = {
    UP: {("postgres",): 1.0, ("nats",): 1.0},
    QUEUE_DEPTH: {("waiting",): 2.0, ("retrying",): 1.0, ("running",): 4.0},
    OLDEST_QUEUED: {(): 12.5},
}


async def exchange_observation(say: Exchanges) -> None:
    checks = (check("database", CheckOutcome(ok=True), essential=True), check("nats", CheckOutcome(ok=True)))
    app = bare_app(checks=checks, observation=Observation(details=_details, expose=_expose))
    async with listening(app) as url, open_client(url) as anonymous, open_client(url, "wb_...") as client:
        await say.ask("health.verbose", anonymous, "GET", "/readyz?verbose")
        await read(say, "metrics.prometheus", client, {})
        await read(say, "metrics.openmetrics", client, {"Accept": OPENMETRICS})


async def read(say: Exchanges, name: str, client: httpx2.AsyncClient, headers: dict[str, str]) -> None:
    """Keep an answer that is text."""
    answer = await client.get("/metrics", headers=headers)
    say.all[name] = {
        "request": {
            "method": "GET",
            "path": "/metrics",
            "headers": headers | {"Authorization": "Bearer wb_..."},
            "body": None,
        },
        "response": {
            "status": answer.status_code,
            "headers": {header: answer.headers[header] for header in HEADERS if header in answer.headers},
            "body": answer.text,
        },
    }


async def _details() -> Details:
    return DETAILS


async def _expose(accept: str, /) -> Exposition:
    return expose(CollectorRegistry(), READINGS, openmetrics_form=asks_for_openmetrics(accept))
