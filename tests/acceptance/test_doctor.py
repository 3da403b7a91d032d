"""`waybill doctor` as a person runs it: at a Waybill that is well, and at one that is not."""

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
import psycopg
import pytest
from psycopg.conninfo import make_conninfo

from adapters.embedded.postgres import OWNER
from tests.acceptance.conftest import CommandLine
from tests.kit.waiting import wait_until
from workers import doctor
from workers.settings import SECRET_FILE, SERVERS_FILE, Connection
from workers.terminal.doctor import exit_code_of, rows_of
from workers.terminal.exit_codes import ExitCode
from workers.terminal.trial import Trial

pytestmark = [pytest.mark.processes, pytest.mark.timeout(180)]

READY_SECONDS = 30.0
LOOKED_AT = {
    "settings",
    *("postgres", "postgres_durability", "postgres_role", "migrations", "event_triggers", "positions", "clock"),
    *("relay", "projector", "scheduler", "watchdog", "notary", "alerts", "read_models"),
    *("nats", "nats_users", "nats_streams", "nats_epoch"),
    *("api", "version", "api_key"),
    *("data_folder", "disk", "secret_key", "sdk_openai", "sdk_claude", "sdk_gemini"),
}


def secrets_of(waybill: Trial) -> list[str]:
    passwords = (waybill.data / "nats.env").read_text().splitlines()
    return [
        waybill.api_key,
        (waybill.data / SECRET_FILE).read_text(),
        *(line.partition("=")[2] for line in passwords),
    ]


def by_owner(waybill: Trial, statement: str) -> None:
    servers = dict(line.split("=", 1) for line in (waybill.data / SERVERS_FILE).read_text().splitlines())
    url = make_conninfo(servers["WAYBILL_POSTGRES_URL"], user=OWNER)
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(statement.encode())


@contextmanager
def broken(waybill: Trial) -> Iterator[None]:
    """Its key for everybody to read, and its events for the owner to change."""
    key = waybill.data / SECRET_FILE
    key.chmod(0o644)
    by_owner(waybill, "ALTER TABLE events DISABLE TRIGGER events_never_change")
    try:
        yield
    finally:
        by_owner(waybill, "ALTER TABLE events ENABLE ALWAYS TRIGGER events_never_change")
        key.chmod(0o600)


def ready(waybill: Trial) -> bool:
    answer = httpx2.get(f"{waybill.url}/readyz", trust_env=False)
    return answer.status_code == httpx2.codes.OK and answer.json()["status"] == "ready"


def test_all_is_well(cli: CommandLine, waybill: Trial) -> None:
    wait_until(lambda: ready(waybill), READY_SECONDS)
    ended = cli("doctor", "--data", waybill.data, "--json")
    assert {check["name"]: check["detail"] for check in ended.json["checks"] if check["status"] != "ok"} == {}
    assert {check["name"] for check in ended.json["checks"]} == LOOKED_AT
    assert (ended.code, ended.json["status"], ended.json["reached"]) == (0, "ok", True)
    assert [secret for secret in secrets_of(waybill) if secret in ended.out + ended.err] == []


@pytest.mark.anyio
async def test_what_is_wrong_is_said_with_what_to_do(waybill: Trial, monkeypatch: pytest.MonkeyPatch) -> None:
    """In this process, and without the SDKs, which take seconds to load."""
    monkeypatch.setenv("WAYBILL_NATS_URL", "nats://relay:a-secret-of-nobody@127.0.0.1:1")
    monkeypatch.setattr(doctor, "SDK_KINDS", ())
    with broken(waybill):
        diagnosis = await doctor.examine(Connection(url=waybill.url, api_key="wb_nonsense"), data=waybill.data)
    assert exit_code_of(diagnosis) is ExitCode.FAILED
    failed = {check.name: check.remedy or "" for check in diagnosis.checks if check.status == "failed"}
    assert failed.keys() == {"event_triggers", "nats", "api_key", "data_folder"}
    assert f"chmod 600 {waybill.data / SECRET_FILE}" in failed["data_folder"]
    assert "ENABLE ALWAYS TRIGGER" in failed["event_triggers"]
    told = repr(diagnosis)
    assert [secret for secret in (*secrets_of(waybill), "a-secret-of-nobody") if secret in told] == []
    for check in diagnosis.checks:
        found, *remedy = rows_of(check)
        assert (str(found[0]), found[1]) == (check.status, check.name)
        assert [str(row[2]) for row in remedy] == ([f"-> {check.remedy}"] if check.remedy else [])
