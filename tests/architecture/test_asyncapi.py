"""What Waybill says on NATS changes where everybody sees it: in the stored AsyncAPI document, which keeps to the specification."""

import json
from collections.abc import Callable
from copy import deepcopy
from typing import Any, Final

import pytest
from click.testing import CliRunner

from adapters.nats.streams import (
    ALERTS_SUBJECTS,
    CHECKPOINTS_SUBJECT,
    EVENTS_SUBJECTS,
    WEBHOOKS_SUBJECTS,
    WORK_SUBJECTS,
)
from domain.catalog import EVENTS
from tests.architecture.asyncapi_document import broken_rules
from tests.architecture.sources import ROOT
from workers.terminal.asyncapi import asyncapi, written_asyncapi
from workers.terminal.documents import digest_of

STORED: Final = ROOT / "docs" / "asyncapi.json"
REWRITE: Final = "docs/asyncapi.json is not what is said on NATS: look what has changed, then `waybill asyncapi > docs/asyncapi.json`."

Json = dict[str, Any]


@pytest.fixture
def document() -> Json:
    described: Json = json.loads(written_asyncapi())
    return described


def printed(*arguments: str) -> str:
    ran = CliRunner().invoke(asyncapi, arguments)
    assert ran.exit_code == 0, ran.output
    return ran.stdout


def test_the_stored_document_is_what_is_said() -> None:
    assert STORED.read_text(encoding="utf-8") == written_asyncapi(), REWRITE


def test_the_command_prints_the_document_byte_by_byte_and_its_digest() -> None:
    assert printed() == printed("--json") == written_asyncapi()
    assert printed("--digest") == digest_of(written_asyncapi()) + "\n"
    assert json.loads(printed("--digest", "--json")) == {"digest": digest_of(written_asyncapi())}


def test_it_keeps_to_the_specification(document: Json) -> None:
    assert document["asyncapi"] == "3.0.0"
    assert broken_rules(document) == []


@pytest.mark.parametrize(
    ("breaks", "words"),
    [
        (lambda one: one["channels"]["RunQueued"].update(subject="x"), "subject is no member of a channel"),
        (lambda one: one["channels"]["RunQueued"]["parameters"].clear(), "parameters are not those"),
        (lambda one: one["channels"].pop("RunQueued"), "leads nowhere"),
        (lambda one: one["operations"].pop("sendRunQueued"), "nobody uses it"),
        (lambda one: one["operations"]["sendRunQueued"].update(action="publish"), "publish is no action"),
        (lambda one: one["components"]["schemas"].pop("SkillPin"), "leads nowhere"),
        (lambda one: one["components"]["schemas"]["SkillPin"].update(type="text"), "is not valid"),
        (lambda one: one["components"]["messages"].update(Nobody={"headers": {}, "payload": {}}), "no channel has it"),
        (lambda one: one["info"].pop("title"), "title is missing"),
    ],
    ids=["subject", "parameters", "channel", "operation", "action", "schema", "type", "message", "title"],
)
def test_what_breaks_the_specification_would_be_found(
    document: Json, breaks: Callable[[Json], object], words: str
) -> None:
    broken = deepcopy(document)
    breaks(broken)
    assert any(words in rule for rule in broken_rules(broken))


def test_every_event_has_a_subject_of_its_own_and_every_stream_is_there(document: Json) -> None:
    addresses = {channel["address"] for channel in document["channels"].values()}
    assert {f"waybill.events.{event.TOPIC}.{{stream}}" for event in EVENTS} < addresses
    for subjects in (EVENTS_SUBJECTS, WORK_SUBJECTS, ALERTS_SUBJECTS, WEBHOOKS_SUBJECTS, CHECKPOINTS_SUBJECT):
        assert any(address.startswith(subjects.rstrip(">*")) for address in addresses), subjects


def test_what_is_waybills_own_is_marked(document: Json) -> None:
    internal = {name for name, channel in document["channels"].items() if channel.get("x-internal")}
    assert internal == {"Work", "Webhook"}
    assert {name for name, one in document["operations"].items() if one.get("x-internal")} == {
        "sendWork",
        "sendWebhook",
    }
    assert {name for name, one in document["components"]["messages"].items() if one.get("x-internal")} == {
        "Ticket",
        "QueuedAlert",
    }


def test_members_are_named_as_they_travel(document: Json) -> None:
    words = document["components"]["messages"]["RunQueued"]["description"]
    assert "`startBy`" in words
    assert "`start_by`" not in words
