"""A credential is nowhere but where it has to be: canaries are sent through everything, and then everything is searched."""

import asyncio
from collections.abc import Iterator
from pathlib import Path

import nats
import psutil
import psycopg
import pytest
from psycopg import sql

from tests.acceptance.canaries import CANARY, ECHOES, HOST_CANARY, KINDS, REFUSALS, Sent, canaries_sent
from tests.kit.whole import Whole
from workers.nats_passwords import find_password
from workers.settings import CREDENTIALS_FOLDER, read_settings

pytestmark = [pytest.mark.processes, pytest.mark.timeout(300)]


@pytest.fixture(scope="module")
def sent(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sent]:
    with canaries_sent(tmp_path_factory.mktemp("canary") / "data") as sent:
        yield sent


def shows(text: str) -> bool:
    return CANARY in text or HOST_CANARY in text


def test_each_provider_heard_its_own_keys_and_no_other(sent: Sent) -> None:
    """Not those of the machine, and none at the address that a redirection leads to."""
    expected = {(kind, place, sent.echoed(kind, place)) for kind in KINDS for place in (*ECHOES, *REFUSALS)}
    expected |= {(kind, "verify", sent.echoed(kind, name)) for kind in KINDS for name in ("changed", "typed")}
    assert sent.echo.heard == expected


def test_it_is_in_nothing_that_was_said(sent: Sent) -> None:
    assert len(sent.said) > 100
    assert [said for said in sent.said if shows(said)] == []


def test_it_is_in_no_table_and_ciphertexts_are_none_in_plain(sent: Sent) -> None:
    with psycopg.connect(read_settings({}, data=sent.whole.data).postgres_url or "") as connection:
        tables = [row[0] for row in connection.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")]
        assert {"events", "credentials", "roles", "bundle_files"} < set(tables)
        for table in tables:
            rows = connection.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(table))).fetchall()
            text = "\n".join(row[0] for row in rows)
            assert not shows(text), table
            assert CANARY.encode().hex() not in text, table
        events = connection.execute("SELECT envelope::text FROM events_readable").fetchall()
        assert len(events) > 20
        assert not any(shows(row[0]) for row in events)
        sealed = connection.execute("SELECT ciphertext FROM credentials").fetchall()
        assert len(sealed) == sent.kept


def test_it_is_in_no_message(sent: Sent) -> None:
    messages = asyncio.run(messages_of(sent.whole))
    assert len(messages) > 20
    assert [message for message in messages if shows(message)] == []


def test_it_is_in_no_line_of_any_log(sent: Sent) -> None:
    log = sent.whole.log
    assert log.count("attempt_settled") == sent.settled
    assert [line for line in log.splitlines() if shows(line)] == []


def test_it_is_in_no_file_but_its_own(sent: Sent) -> None:
    """Whatever a server writes: pages, write-ahead log, streams, its own log, a ledger."""
    files = [path for path in sent.whole.data.rglob("*") if path.is_file() and not path.is_symlink()]
    assert {"postgres", "nats", "sandbox"} <= {path.relative_to(sent.whole.data).parts[0] for path in files}
    assert [path for path in files if holds_canary(path)] == [sent.whole.data / CREDENTIALS_FOLDER / "canary"]


def test_it_is_on_no_command_line(sent: Sent) -> None:
    parts = psutil.Process(sent.whole.process.pid).children(recursive=True)
    assert len(parts) > 6
    assert [part for part in parts if shows(" ".join(part.cmdline()))] == []


def holds_canary(path: Path) -> bool:
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return False
    return CANARY.encode() in content or HOST_CANARY.encode() in content


async def messages_of(whole: Whole) -> list[str]:
    """Subject, headers and body of everything that the streams still hold."""
    messages = []
    url = whole.lines["NATS"]
    password = find_password(read_settings({}, data=whole.data), "watchdog")
    watchdog = url.replace(url.split("@")[0], f"nats://watchdog:{password}")
    for stream, place, inbox in (("WAYBILL_EVENTS", url, "_INBOX"), ("WAYBILL_WORK", watchdog, "_INBOX_watchdog")):
        async with await nats.connect(place, allow_reconnect=False, inbox_prefix=inbox) as client:
            jetstream = client.jetstream()
            state = (await jetstream.stream_info(stream)).state
            for sequence in range(state.first_seq, state.last_seq + 1):
                message = await jetstream.get_msg(stream, seq=sequence)
                messages.append(f"{message.subject} {message.headers} {message.data!r}")
    return messages
