"""`waybill alerts follow` and `waybill alerts test`, on a real server, as somebody with a subscriber's URL has them."""

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from adapters.embedded.nats import EmbeddedNats
from adapters.nats.alerts import AlertMessage, AlertPublisher, alert_data
from adapters.nats.connection import connect
from domain.alert.rules import Severity
from tests.kit.alerting import alert
from tests.kit.jetstream import PASSWORDS, login_of, nats_at, url_as
from workers.settings import unsettled_environment

pytestmark = pytest.mark.timeout(90)

SECONDS_MAX = 40.0


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EmbeddedNats]:
    server = nats_at(tmp_path_factory.mktemp("nats"))
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def said(server: EmbeddedNats) -> list[AlertMessage]:
    messages = [
        alert("stuck", subject="install_run:1"),
        alert("provider-failing", severity=Severity.CRITICAL, subject="provider:claude\x1b[31m"),
        alert("stuck", kind="resolved", subject="install_run:1"),
    ]

    async def publish() -> None:
        connection = await connect(server.url, name="test", login=login_of("alerts"))
        for message in messages:
            await AlertPublisher(connection).publish(message)
        await connection.close()

    asyncio.run(publish())
    return messages


def waybill(folder: Path, *words: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = unsettled_environment(os.environ) | {"WAYBILL_DATA": str(folder), **variables}
    return subprocess.run(
        [sys.executable, "-m", "workers.cli", "alerts", *words],
        env=environment,
        capture_output=True,
        text=True,
        timeout=SECONDS_MAX,
        check=False,
    )


def test_it_follows_with_a_url_and_nothing_else(server: EmbeddedNats, said: list[AlertMessage], tmp_path: Path) -> None:
    url = url_as(server.url, "subscriber")
    ended = waybill(tmp_path, "follow", "--last", "3", "--count", "3", "--nats", url)
    assert ended.returncode == 0, ended.stderr
    first, second, third = ended.stdout.splitlines()
    assert first.split()[2:] == [
        *["warning", "raised", "stuck", "install_run:1", "rescues=3", "docs/runbooks/stuck.md"]
    ]
    assert r"critical  raised    provider-failing           provider:claude\x1b[31m" in second
    assert third.split()[2:] == ["warning", "resolved", "stuck", "install_run:1", "rescues=3"]
    assert "beginning with the last 3" in ended.stderr
    assert PASSWORDS["subscriber"] not in ended.stdout + ended.stderr


@pytest.mark.long
def test_as_json_it_says_what_was_published(server: EmbeddedNats, said: list[AlertMessage], tmp_path: Path) -> None:
    ended = waybill(
        tmp_path,
        *("follow", "--since", "1h", "--count", "1", "--severity", "critical", "--json"),
        WAYBILL_NATS_URL=server.url,
        WAYBILL_NATS_SUBSCRIBER_PASSWORD=PASSWORDS["subscriber"],
    )
    assert ended.returncode == 0, ended.stderr
    (line,) = ended.stdout.splitlines()
    assert json.loads(line)["id"] == said[1].id
    assert json.loads(line)["runbook"] == alert_data(said[1]).runbook


def test_a_test_goes_out_like_an_alert_and_is_marked(server: EmbeddedNats, tmp_path: Path) -> None:
    variables = {
        "WAYBILL_NATS_URL": server.url,
        "WAYBILL_NATS_ALERTS_PASSWORD": PASSWORDS["alerts"],
        "WAYBILL_NATS_SUBSCRIBER_PASSWORD": PASSWORDS["subscriber"],
    }
    sent = waybill(tmp_path, "test", **variables)
    assert sent.returncode == 0, sent.stderr
    heard = waybill(tmp_path, "follow", "--rule", "test", "--last", "1", "--count", "1", "--json", **variables)
    document = json.loads(heard.stdout)
    assert document["id"] == sent.stdout.strip()
    assert (document["kind"], document["rule"], document["severity"]) == ("test", "test", "info")
    assert (document["position"], document["runbook"]) == (None, None)
    assert f"waybill alerts deliveries --message {document['id']}" in sent.stderr


@pytest.mark.long
@pytest.mark.parametrize(
    ("words", "place", "exit_code", "said"),
    [
        (("follow",), "", 2, "Set WAYBILL_NATS_URL"),
        (("follow", "--last", "1", "--since", "1h"), "", 2, "Say --since or --last"),
        (("follow",), "nats://127.0.0.1:1", 8, "NATS at 127.0.0.1:1 does not answer"),
        (("follow",), "wrong", 3, "does not let this user in"),
        (("test",), "server", 2, "WAYBILL_NATS_ALERTS_PASSWORD"),
    ],
    ids=["no-url", "both", "nobody-there", "wrong-password", "no-password"],
)
def test_what_is_wrong_is_said(
    server: EmbeddedNats, tmp_path: Path, *, words: tuple[str, ...], place: str, exit_code: int, said: str
) -> None:
    url = {"wrong": server.url.replace("nats://", "nats://subscriber:nothing-of-the-kind@"), "server": server.url}
    ended = waybill(tmp_path, *words, WAYBILL_NATS_URL=url.get(place, place))
    assert ended.returncode == exit_code, ended.stderr
    # However the message is wrapped.
    assert said in " ".join(ended.stderr.replace("│", " ").split())
    assert "Traceback" not in ended.stderr
    assert "nothing-of-the-kind" not in ended.stderr
