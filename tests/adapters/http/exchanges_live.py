"""A run that is known already or waited for, and events as they come over the line: text, the first messages of it."""

from typing import Final

import httpx2

from domain.events import Role
from tests.adapters.http.exchanges import HEADERS, Exchanges
from tests.adapters.http.serving import Api, skill_files

RUNS: Final = "/api/install-runs"
EVENTS_SHOWN: Final = 3
END: Final = "event: end"


async def exchange_live(say: Exchanges, api: Api) -> None:
    operator = api.clients[Role.OPERATOR]
    await api.admin.post("/api/skills", json=skill_files("box-score", "Shows the box score of a KBO game."))
    begin = await api.head()
    run = await api.queue("box-score", "openai")
    path = f"{RUNS}/{run['id']}"
    known = {"If-None-Match": f'W/"{run["position"]}"'}
    await say.ask("install-runs.get.not-modified", operator, "GET", path, headers=known)
    await say.ask("install-runs.get.waited-in-vain", operator, "GET", f"{path}?wait=0.1", headers=known)
    await api.succeed(run)
    await say.ask("install-runs.get.changed", operator, "GET", f"{path}?wait=20", headers=known)
    await say.ask("install-runs.get.waited", operator, "GET", f"{path}?wait=20")
    await say.ask("install-runs.get.wait-too-long", operator, "GET", f"{path}?wait=31")
    await hear(say, "install-runs.events.success", operator, f"{path}/events")
    await hear(say, "install-runs.events.resumed", operator, f"{path}/events", last_event_id=await api.head() - 1)
    nobody = f"{RUNS}/00000000-0000-4000-8000-000000000000/events"
    await say.ask("install-runs.events.not-found", operator, "GET", nobody)
    await hear(say, "events.after", operator, f"/api/events?after={begin}")
    await say.ask("events.unknown-event", operator, "GET", "/api/events?event=RunTeleported")
    unfit = {"Last-Event-ID": "latest"}
    await say.ask("events.malformed-last-event-id", operator, "GET", "/api/events", headers=unfit)


async def hear(
    say: Exchanges, name: str, client: httpx2.AsyncClient, path: str, *, last_event_id: int | None = None
) -> None:
    """Keep what comes up to the end, or up to the last of EVENTS_SHOWN events of a stream without one."""
    sent = {} if last_event_id is None else {"Last-Event-ID": str(last_event_id)}
    lines: list[str] = []
    shown = 0
    async with client.stream("GET", path, headers=sent) as answer:
        async for line in answer.aiter_lines():
            lines.append(line)
            shown += line.startswith("data: ")
            if not line and (END in lines or (shown == EVENTS_SHOWN and path.startswith("/api/events"))):
                break
    say.all[name] = {
        "request": {
            "method": "GET",
            "path": path,
            "headers": sent | {"Authorization": "Bearer wb_..."},
            "body": None,
        },
        "response": {
            "status": answer.status_code,
            "headers": {header: answer.headers[header] for header in HEADERS if header in answer.headers},
            "body": "\n".join([*lines, ""]),
        },
    }
