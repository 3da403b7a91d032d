"""The audit log as a file: what is in it, who may take it and that it is known, and that one which was cut off is not taken for whole."""

import asyncio
import csv
import io
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import uuid4

import httpx2
import psycopg
import pytest
from psycopg import sql

from adapters.http.audit_exports import EXPORTS_PER_KEY_MAX
from domain.access.events import AccessDenied
from domain.errors import Code
from domain.events import Role
from domain.evidence.events import EvidenceExported
from domain.ports import Append, NewEvent
from projections.audit_log import AUDIT_LOG
from queries import export_audit_log
from tests.adapters.http.serving import Api, context
from tests.kit.facts import NOON
from tests.kit.waiting import eventually

pytestmark = pytest.mark.anyio

EXPORT = "/api/audit-log/export"
ENTRIES_MANY = 300
SECONDS_MAX = 10.0


@pytest.fixture(scope="module", autouse=True)
async def story(anyio_backend: str, api: Api) -> None:
    """A run that failed and one that did not, a denial, and names that are not ASCII."""
    await api.register()
    for name in ("openai", "claude"):
        await api.connect(name)
    run = await api.queue("kbo-results", "openai", "claude")
    await api.fail(run)
    await api.succeed(run, target=1)
    await api.clients[Role.VIEWER].post("/api/skills", json={})

    async def denied() -> bool:
        return any(isinstance(one.event, AccessDenied) for one in await api.events())

    await eventually(denied, SECONDS_MAX)


async def listed(api: Api, **filters: Any) -> list[dict[str, Any]]:
    """What the list has, the oldest first; what comes of asking for exports is left out."""
    items = (await api.admin.get("/api/audit-log", params={"limit": "200", **filters})).json()["items"]
    return [item for item in reversed(items) if item["action"] != "evidence.exported"]


async def exported(api: Api, **query: Any) -> httpx2.Response:
    answer = await api.admin.get(EXPORT, params=query)
    assert answer.status_code == 200, answer.text
    return answer


def lines_of(answer: httpx2.Response) -> list[dict[str, Any]]:
    entries = [json.loads(line) for line in answer.text.splitlines()]
    return [entry for entry in entries if entry["action"] != "evidence.exported"]


FILTERS: list[dict[str, Any]] = [
    {},
    {"result": "failure"},
    {"result": ["failure", "denied"], "actor": ["installer", "viewer"]},
    {"target": "skill:kbo-results"},
    {"action": "install_run.provider_failed"},
    {"q": "KBO"},
    {"q": "openai", "result": "success"},
    {"since": "2100-01-01T00:00:00Z"},
    {"until": "2100-01-01T00:00:00Z", "code": "invalid_skill:provider"},
]


@pytest.mark.parametrize("filters", FILTERS, ids=lambda filters: " ".join(filters) or "all")
@pytest.mark.parametrize("pieces", [1, 1_000], ids=["one by one", "at once"])
async def test_it_has_what_the_list_has_the_oldest_first(
    api: Api, filters: dict[str, Any], pieces: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_audit_log, "PIECE_ENTRIES_MAX", pieces)
    monkeypatch.setattr(export_audit_log, "WINDOW_POSITIONS", 7 * pieces)
    answer = await exported(api, **filters)
    assert lines_of(answer) == await listed(api, **filters)
    assert int(answer.headers["Waybill-Entries"]) == len(answer.text.splitlines())
    assert bool(answer.text) == (filters != {"since": "2100-01-01T00:00:00Z"})


async def test_as_csv_it_has_the_same(api: Api) -> None:
    answer = await exported(api, format="csv")
    assert answer.content.count(b"\r\n") == answer.content.count(b"\n") == int(answer.headers["Waybill-Entries"]) + 1
    rows = [row for row in csv.DictReader(io.StringIO(answer.text)) if row["action"] != "evidence.exported"]
    assert [row["at"] for row in rows] == [entry["at"] for entry in await listed(api)]
    assert [_flat(entry) for entry in await listed(api)] == [{**row, "at": ""} for row in rows]


def _flat(entry: dict[str, Any]) -> dict[str, str]:
    actor = entry["actor"]
    return {
        "position": str(entry["position"]),
        "at": "",
        "actor_kind": actor["kind"],
        "actor_id": actor["id"],
        "actor_name": actor["name"],
        "actor_role": actor.get("role", ""),
        "action": entry["action"],
        "target": entry["target"],
        "result": entry["result"],
        "code": entry["code"] or "",
        "request_id": entry["requestId"],
        "correlation_id": entry["correlationId"],
    }


async def test_it_is_a_file_with_a_name(api: Api) -> None:
    for form, media_type in (("jsonl", "application/x-ndjson"), ("csv", "text/csv")):
        headers = (await exported(api, format=form)).headers
        assert headers["Content-Type"] == f"{media_type}; charset=utf-8"
        position = headers["Waybill-Up-To-Position"]
        assert headers["Content-Disposition"] == f'attachment; filename="waybill-audit-log-{position}.{form}"'
        assert headers["Waybill-Behind"] == "0"


async def exports_of(api: Api) -> list[EvidenceExported]:
    return [one.event for one in await api.events() if isinstance(one.event, EvidenceExported)]


async def test_who_took_it_is_on_record_and_not_in_it(api: Api) -> None:
    before = await api.head()
    answer = await exported(api, format="csv", q="kbo", actor=["admin", "ops"], until="2100-01-01T00:00:00Z")
    event = (await exports_of(api))[-1]
    assert (event.kind, event.format, event.up_to_position) == ("audit_log", "csv", before)
    assert event.filters == ("actor", "q", "until")
    assert event.until is not None
    assert answer.headers["Waybill-Up-To-Position"] == str(before)
    (entry, *_) = (await api.admin.get("/api/audit-log", params={"action": "evidence.exported"})).json()["items"]
    assert (entry["position"], entry["target"], entry["actor"]["id"]) == (before + 1, "export:audit_log", "admin")


async def test_what_is_refused_is_not_on_record(api: Api) -> None:
    before = await exports_of(api)
    for query, pointer in (
        ({"format": "xml"}, "?format"),
        ({"action": "skill.eaten"}, "?action/0"),
        ({"limit": "5"}, "?limit"),
    ):
        answer = await api.admin.get(EXPORT, params=query)
        assert (answer.status_code, answer.json()["errors"][0]["pointer"]) == (400, pointer)
    assert (await api.clients[Role.OPERATOR].get(EXPORT)).status_code == 403
    assert await exports_of(api) == before


async def test_asked_for_the_head_alone_nothing_is_taken(api: Api) -> None:
    before = await exports_of(api)
    answer = await api.admin.head(EXPORT)
    assert (answer.status_code, answer.content) == (200, b"")
    assert int(answer.headers["Waybill-Entries"]) > 0
    assert await exports_of(api) == before


@asynccontextmanager
async def locked(database: str) -> AsyncIterator[None]:
    """Nobody reads the audit log meanwhile."""
    lock = sql.SQL("LOCK TABLE {} IN ACCESS EXCLUSIVE MODE").format(sql.Identifier(*AUDIT_LOG.table.split(".")))
    async with await psycopg.AsyncConnection.connect(database) as connection:
        await connection.execute(lock)
        yield
        await connection.rollback()


async def test_no_more_go_out_at_once_than_there_are_places(api: Api, module_database: str) -> None:
    async with locked(module_database):
        asking = [asyncio.create_task(api.admin.get(EXPORT)) for _ in range(EXPORTS_PER_KEY_MAX + 1)]
        await asyncio.wait(asking, return_when=asyncio.FIRST_COMPLETED)
    answers = await asyncio.gather(*asking)
    assert sorted(answer.status_code for answer in answers) == [*[200] * EXPORTS_PER_KEY_MAX, 429]
    assert (await exported(api)).headers["Waybill-Entries"] > "0"


async def test_one_that_cannot_be_finished_is_cut_off(
    api: Api, module_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The client hears of it from the connection, and has fewer entries than it was told of."""
    denied = AccessDenied(source="test", code=Code.FORBIDDEN, method="GET", path="/", count=1)
    events = tuple(NewEvent(id=uuid4(), stream=uuid4(), event=denied) for _ in range(ENTRIES_MANY))
    expected = {event.stream: 0 for event in events}
    await api.store.append(Append(expected=expected, events=events, context=context(), at=NOON))
    monkeypatch.setattr(export_audit_log, "PIECE_ENTRIES_MAX", 1)
    async with api.admin.stream("GET", EXPORT) as answer:
        pieces = answer.aiter_raw()
        received = await anext(pieces)
        async with locked(module_database):
            with pytest.raises(httpx2.RemoteProtocolError):
                received += b"".join([piece async for piece in pieces])
    assert 0 < received.count(b"\n") < int(answer.headers["Waybill-Entries"])
    monkeypatch.undo()
    assert len(lines_of(await exported(api))) > ENTRIES_MANY


@pytest.mark.long
async def test_who_cannot_be_put_on_record_gets_nothing(api: Api, module_database: str) -> None:
    async with await psycopg.AsyncConnection.connect(module_database) as connection:
        await connection.execute("SELECT * FROM head FOR UPDATE")
        answer = await api.admin.get(EXPORT)
        await connection.rollback()
    assert (answer.status_code, answer.json()["code"]) == (503, "offline:database")
    assert "Waybill-Entries" not in answer.headers


async def test_one_whose_read_model_was_emptied_meanwhile_is_cut_off_too(
    api: Api, module_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(export_audit_log, "PIECE_ENTRIES_MAX", 1)
    empty = sql.SQL("TRUNCATE {}").format(sql.Identifier(*AUDIT_LOG.table.split(".")))
    async with api.admin.stream("GET", EXPORT) as answer:
        pieces = answer.aiter_raw()
        await anext(pieces)
        async with await psycopg.AsyncConnection.connect(module_database) as connection:
            await connection.execute(empty)
        with pytest.raises(httpx2.RemoteProtocolError):
            [piece async for piece in pieces]
