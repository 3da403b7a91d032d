"""A credential is nowhere but where it has to be: canaries are sent through everything, and then everything is searched."""

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx2
import nats
import psutil
import psycopg
import pytest
from msgspec import Struct
from psycopg import sql

from tests.acceptance.echo import Echo
from tests.kit.whole import Whole
from workers.settings import CREDENTIALS_FOLDER, read_settings

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

CANARY = f"Canary{uuid4().hex}"
ECHOES = ("json", "text", "header")
STREAMS = ("WAYBILL_EVENTS", "WAYBILL_WORK")
MISTAKES: tuple[tuple[int, dict[str, Any]], ...] = (
    (400, {"name": "mistaken", "kind": "openai", "credential": [CANARY]}),
    (400, {"name": "mistaken", "kind": "openai", "credential": CANARY, "credentials": CANARY}),
    (400, {"name": "mistaken", "kind": CANARY, "credential": CANARY}),
    (422, {"name": "mistaken", "kind": "openai", "credential": f"with space {CANARY}"}),
    (422, {"name": "mistaken", "kind": "openai", "credential": f"env:{CANARY}"}),
    (422, {"name": "mistaken", "kind": "openai", "credential": f"file:../{CANARY}"}),
)


class Searched(Struct):
    """Waybill after all of it, and every answer that it gave."""

    whole: Whole
    answers: list[str]

    @property
    def url(self) -> str:
        return read_settings({}, data=self.whole.data).postgres_url or ""


@pytest.fixture(scope="module")
def searched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Searched]:
    data = tmp_path_factory.mktemp("canary") / "data"
    (data / CREDENTIALS_FOLDER).mkdir(parents=True)
    (data / CREDENTIALS_FOLDER / "canary").write_text(f"sk-file-{CANARY}\n")
    environment = {
        "WAYBILL_CREDENTIAL_CANARY": f"sk-env-{CANARY}",
        "WAYBILL_LOG_LEVEL": "debug",
        "OPENAI_LOG": "debug",
    }
    echo = Echo()
    with echo.standing(), Whole(data, environment=environment) as whole:
        answers: list[str] = []

        def note(response: httpx2.Response) -> None:
            response.read()
            answers.append(f"{response.headers} {response.text}")

        whole.client.event_hooks = {"response": [note]}
        make_mistakes(whole)
        run = install_everywhere(whole, echo)
        look_everywhere(whole, run)
        assert {f"Correct-Horse-{CANARY}-{place}" for place in (*ECHOES, "verify")} == echo.heard
        yield Searched(whole, answers)


def make_mistakes(whole: Whole) -> None:
    for status, body in MISTAKES:
        assert whole.client.post("/api/providers", json=body).status_code == status, body
    for method in ("GET", "POST"):
        for key in (f"sk-{CANARY}", f"wb_{CANARY.lower()}_x", CANARY):
            headers = {"Authorization": f"Bearer {key}"}
            assert whole.client.request(method, "/api/providers", headers=headers).status_code == 401


def install_everywhere(whole: Whole, echo: Echo) -> dict[str, Any]:
    sandbox = f"{whole.lines['Sandbox']}/openai/v1"
    connections = {
        "given": (f"sk-given-{CANARY}", sandbox, True),
        "variable": ("env:WAYBILL_CREDENTIAL_CANARY", sandbox, True),
        "file": ("file:canary", sandbox, True),
        "revoked": (f"sk-revoked-{CANARY}", sandbox, False),
        "verify": (f"Correct-Horse-{CANARY}-verify", echo.url("verify"), False),
    } | {place: (f"Correct-Horse-{CANARY}-{place}", echo.url(place), True) for place in ECHOES}
    for name, (credential, url, active) in connections.items():
        body = {"name": name, "kind": "openai", "credential": credential, "baseUrl": url}
        connected = whole.client.post("/api/providers", json=body)
        assert (connected.status_code, connected.json()["active"]) == (201, active), connected.text
    providers = tuple(name for name, (_, _, active) in connections.items() if active)
    run = whole.finished(whole.queue("plain-english", providers=providers))
    outcomes = {target["provider"]["name"]: target for target in run["targets"]}
    assert {name for name, target in outcomes.items() if target["status"] == "success"} == {"given", "variable", "file"}
    assert "[redacted]" in outcomes["json"]["message"]
    assert "[redacted]" in outcomes["text"]["message"]
    return run


def look_everywhere(whole: Whole, run: dict[str, Any]) -> None:
    paths = ["/readyz", "/livez", "/openapi.json"]
    paths += [f"/api/{name}?limit=200" for name in ("skills", "providers", "install-runs", "audit-log")]
    paths += [f"/api/install-runs/{run['id']}", f"/api/install-runs/{run['id']}/history?limit=200"]
    paths += [f"/api/providers/{target['provider']['id']}" for target in run["targets"]]
    for path in paths:
        assert whole.client.get(path).status_code == 200


def test_it_is_in_no_answer(searched: Searched) -> None:
    assert len(searched.answers) > 30
    assert [answer for answer in searched.answers if CANARY in answer] == []


def test_it_is_in_no_table_and_ciphertexts_are_none_in_plain(searched: Searched) -> None:
    with psycopg.connect(searched.url) as connection:
        tables = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        assert {"events", "credentials", "roles", "bundle_files"} < set(tables)
        for table in tables:
            rows = connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))).fetchall()
            text = "\n".join(row[0] for row in rows)
            assert CANARY not in text, table
            assert CANARY.encode().hex() not in text, table
        events = connection.execute("SELECT envelope::text FROM events_readable").fetchall()
        assert len(events) > 20
        assert not any(CANARY in row[0] for row in events)
        sealed = connection.execute("SELECT ciphertext FROM credentials").fetchall()
        assert len(sealed) == len(("openai", "given", "revoked", "verify", *ECHOES))


def test_it_is_in_no_message(searched: Searched) -> None:
    messages = asyncio.run(messages_of(searched.whole.lines["NATS"]))
    assert len(messages) > 20
    assert [message for message in messages if CANARY in message] == []


def test_it_is_in_no_line_of_any_log(searched: Searched) -> None:
    log = searched.whole.log
    assert log.count("attempt_settled") == len(("given", "variable", "file", *ECHOES))
    assert [line for line in log.splitlines() if CANARY in line] == []


def test_it_is_in_no_file_but_its_own(searched: Searched) -> None:
    """Whatever a server writes: pages, write-ahead log, streams, its own log, a ledger."""
    files = [path for path in searched.whole.data.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {"postgres", "nats", "sandbox"} <= {path.relative_to(searched.whole.data).parts[0] for path in files}
    assert [path for path in files if holds_canary(path)] == [searched.whole.data / CREDENTIALS_FOLDER / "canary"]


def test_it_is_on_no_command_line(searched: Searched) -> None:
    parts = psutil.Process(searched.whole.process.pid).children(recursive=True)
    assert len(parts) > 6
    assert [part for part in parts if CANARY in " ".join(part.cmdline())] == []


def holds_canary(path: Path) -> bool:
    try:
        return CANARY.encode() in path.read_bytes()
    except FileNotFoundError:
        return False


async def messages_of(url: str) -> list[str]:
    """Subject, headers and body of everything that the streams still hold."""
    messages = []
    async with await nats.connect(url, allow_reconnect=False) as client:
        jetstream = client.jetstream()
        for stream in STREAMS:
            state = (await jetstream.stream_info(stream)).state
            for sequence in range(state.first_seq, state.last_seq + 1):
                message = await jetstream.get_msg(stream, seq=sequence)
                messages.append(f"{message.subject} {message.headers} {message.data!r}")
    return messages
