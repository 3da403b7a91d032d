"""The messages are CloudEvents in binary mode, as the binding for NATS wants them, and tickets say what an installer needs."""

import json
import re
from datetime import UTC, datetime, timedelta, timezone
from typing import Final
from uuid import UUID, uuid4

import msgspec
import pytest
from msgspec.structs import replace

from adapters.nats.messages import (
    BODY_BYTES_MAX,
    Ticket,
    event_message,
    percent_encoded,
    ticket_message,
    timer_ticket_message,
    timestamp,
    traceparent,
)
from domain.access.events import AccessDenied
from domain.catalog import EVENTS
from domain.errors import Code
from domain.events import Actor
from domain.install_run.events import RunSucceeded
from domain.installation.events import InstallationReserved
from domain.skill.events import ManifestEntry, SkillVersionPublished
from domain.timers import SetTimer, Timer, TimerName
from tests.kit.facts import NOON, recorded

EPOCH: Final = "0193b0c0-0000-7000-8000-0000000000ee"
STREAM: Final = UUID("0193b0c0-0000-7000-8000-000000000001")
EVENT: Final = UUID("0193b0c0-0000-7000-8000-000000000002")
CORRELATION: Final = UUID("0193b0c0-0000-7000-8000-000000000003")
CAUSE: Final = UUID("0193b0c0-0000-7000-8000-000000000004")
W3C: Final = re.compile(r"00-(?!0{32})[0-9a-f]{32}-(?!0{16})[0-9a-f]{16}-01")


def test_an_event_is_a_cloud_event_in_binary_mode() -> None:
    event = replace(
        recorded(RunSucceeded(succeeded=2), stream=STREAM, position=42, version=7),
        id=EVENT,
        correlation_id=CORRELATION,
        causation_id=CAUSE,
    )
    message = event_message(event, store_epoch=EPOCH)
    assert message.subject == f"waybill.events.install_run.run_succeeded.{STREAM}"
    assert json.loads(message.body) == {"succeeded": 2, "reason": None}
    assert message.headers == {
        "Nats-Msg-Id": str(EVENT),
        "ce-specversion": "1.0",
        "ce-id": str(EVENT),
        "ce-source": "urn:waybill",
        "ce-type": "io.waybill.install_run.run_succeeded.v1",
        "ce-subject": str(STREAM),
        "ce-time": "2026-11-22T12:00:00.000000Z",
        "ce-datacontenttype": "application/json",
        "ce-sequence": "00000000000000000042",
        "ce-correlationid": str(CORRELATION),
        "ce-causationid": str(CAUSE),
        "content-type": "application/json",
        "traceparent": "00-0193b0c0000070008000000000000003-8000000000000002-01",
        "waybill-position": "42",
        "waybill-stream-version": "7",
        "waybill-store-epoch": EPOCH,
        "waybill-request-id": "test-request",
        "waybill-actor-kind": "system",
        "waybill-actor-id": "test",
    }


def test_what_has_no_cause_says_none() -> None:
    message = event_message(recorded(RunSucceeded(succeeded=1), stream=STREAM), store_epoch=EPOCH)
    assert "ce-causationid" not in message.headers


def test_the_type_carries_the_version_of_the_data() -> None:
    class RunSucceededLater(RunSucceeded, frozen=True, kw_only=True, rename="camel"):
        TOPIC = "install_run.run_succeeded"
        VERSION = 3

    message = event_message(recorded(RunSucceededLater(succeeded=1), stream=STREAM), store_epoch=EPOCH)
    assert message.headers["ce-type"] == "io.waybill.install_run.run_succeeded.v3"


@pytest.mark.parametrize("event", EVENTS, ids=lambda event: event.TOPIC)
def test_every_topic_makes_a_subject(event: type[RunSucceeded]) -> None:
    assert re.fullmatch(r"[a-z][a-z_]*\.[a-z][a-z_]*", event.TOPIC)


def test_header_values_are_percent_encoded_as_the_binding_says() -> None:
    assert percent_encoded("Euro € 😀") == "Euro%20%E2%82%AC%20%F0%9F%98%80"
    assert percent_encoded('a"b%c\r\nd') == "a%22b%25c%0D%0Ad"
    plain = "".join(chr(code) for code in range(0x21, 0x7F) if chr(code) not in '"%')
    assert percent_encoded(plain) == plain


def test_a_value_from_outside_cannot_break_out_of_its_header() -> None:
    event = replace(
        recorded(RunSucceeded(succeeded=1), stream=STREAM),
        request_id="x\r\nNats-Rollup: all",
        actor=Actor(kind="api_key", id="김 스킬", name="n"),
    )
    headers = event_message(event, store_epoch=EPOCH).headers
    assert headers["waybill-request-id"] == "x%0D%0ANats-Rollup:%20all"
    assert headers["waybill-actor-id"] == "%EA%B9%80%20%EC%8A%A4%ED%82%AC"
    assert headers["waybill-actor-kind"] == "api_key"


def test_the_trace_is_one_for_a_correlation_and_valid() -> None:
    one, other = (replace(recorded(RunSucceeded(succeeded=1), stream=STREAM), correlation_id=CORRELATION) for _ in "12")
    first, second = (traceparent(event.correlation_id, event.id) for event in (one, other))
    assert W3C.fullmatch(first)
    assert first[:35] == second[:35]
    assert first != second


def test_times_are_in_utc() -> None:
    seoul = datetime(2026, 11, 22, 21, 0, 0, 5, tzinfo=timezone(timedelta(hours=9)))
    assert timestamp(seoul) == "2026-11-22T12:00:00.000005Z"


def test_an_event_too_large_for_a_message_goes_out_without_its_data() -> None:
    entries = tuple(ManifestEntry(path=f"{number}/{'p' * 2000}", sha256="0" * 64, size=1) for number in range(500))
    large = SkillVersionPublished(version=1, digest="sha256:0", description="", manifest=entries)
    message = event_message(recorded(large, stream=STREAM), store_epoch=EPOCH)
    assert message.body == b""
    assert int(message.headers["waybill-data-omitted"]) > BODY_BYTES_MAX
    small = AccessDenied(source="key", code=Code.UNAUTHORIZED, method="GET", path="/")
    assert "waybill-data-omitted" not in event_message(recorded(small, stream=STREAM), store_epoch=EPOCH).headers


def test_a_ticket_says_where_to_look_and_gives_nothing_away() -> None:
    run, skill, provider = uuid4(), uuid4(), uuid4()
    reserved = InstallationReserved(run_id=run, skill_id=skill, provider_id=provider, version=3)
    event = replace(recorded(reserved, stream=STREAM, position=9), id=EVENT, correlation_id=CORRELATION)
    message = ticket_message(event, issued_at=NOON)
    assert message.subject == f"waybill.work.install.{provider}"
    assert message.headers == {
        "Nats-Msg-Id": f"{EVENT}:ticket",
        "content-type": "application/json",
        "traceparent": traceparent(CORRELATION, EVENT),
        "waybill-request-id": "test-request",
    }
    assert json.loads(message.body) == {
        "kind": "install",
        "runId": str(run),
        "providerId": str(provider),
        "installationId": str(STREAM),
        "round": 0,
        "eventId": str(EVENT),
        "position": 9,
        "requestId": "test-request",
        "correlationId": str(CORRELATION),
        "issuedAt": "2026-11-22T12:00:00Z",
    }
    assert msgspec.json.decode(message.body, type=Ticket).issued_at == datetime(2026, 11, 22, 12, tzinfo=UTC)
    assert ticket_message(event, issued_at=NOON, again=":x").headers["Nats-Msg-Id"] == f"{EVENT}:ticket:x"


@pytest.mark.parametrize(
    ("name", "kind", "names"),
    [
        (TimerName.TARGET, "install", {"runId": str(STREAM), "installationId": None}),
        (TimerName.VERIFY, "verify", {"runId": None, "installationId": None}),
        (TimerName.SWEEP, "sweep", {"runId": None, "installationId": str(STREAM)}),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_timer_that_is_due_has_a_ticket_too(name: TimerName, kind: str, names: dict[str, str | None]) -> None:
    provider = uuid4()
    due = SetTimer(
        timer=Timer(name=name, subject=STREAM, provider_id=provider, due_at=NOON, round=2),
        set_at=NOON,
        event_id=EVENT,
        position=9,
        request_id="test-request",
        correlation_id=CORRELATION,
    )
    message, again = (timer_ticket_message(due, issued_at=NOON) for _ in range(2))
    assert message.subject == f"waybill.work.{kind}.{provider}"
    assert message.headers["traceparent"] == traceparent(CORRELATION, EVENT)
    assert message.headers["waybill-request-id"] == "test-request"
    assert message.headers["Nats-Msg-Id"] != again.headers["Nats-Msg-Id"]
    assert json.loads(message.body) == names | {
        "kind": kind,
        "providerId": str(provider),
        "round": 2,
        "eventId": str(EVENT),
        "position": 9,
        "requestId": "test-request",
        "correlationId": str(CORRELATION),
        "issuedAt": "2026-11-22T12:00:00Z",
    }


def test_there_is_a_ticket_for_a_reserved_slot_only() -> None:
    with pytest.raises(TypeError, match="RunSucceeded"):
        ticket_message(recorded(RunSucceeded(succeeded=1), stream=STREAM), issued_at=NOON)
